import { assertEquals } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { CONFIGURATION } from "./gate_models.ts";
import { assertRefuses } from "./refuses.ts";

const REFUSED: [args: string[], files: Record<string, unknown>, message: string | string[]][] = [
  [[], {}, "MODEL is missing, expected one, or models in gradient-health.json"],
  [[], { "gradient-health.json": {} }, "MODEL is missing"],
  [["none.json"], {}, "none.json: there is no such file"],
  [["none.json", "--reporter", "junit=out.xml"], {}, "none.json"],
  [
    ["fin"],
    { "gradient-health.json": CONFIGURATION },
    'MODEL is "fin", expected a file, or a model that gradient-health.json lists',
  ],
  [["a.ts", "a.ts"], {}, "MODEL a.ts is given twice, expected once"],
  [
    ["a.ts", "--reporter", "junti"],
    {},
    '--reporter is "junti", expected text, json, junit, github, markdown, sarif, html or badge; did you mean "junit"?',
  ],
  [["a.ts", "--reporter", "csv"], {}, '--reporter is "csv", expected text, json'],
  [["a.ts", "--reporter", "json="], {}, '--reporter is "json=", expected a file after ='],
  [
    ["a.ts", "--reporter", "json", "--reporter", "text"],
    {},
    "The reporters json and text would share stdout",
  ],
  [
    ["a.ts", "--reporter", "json=a", "--reporter", "sarif=a"],
    {},
    "Two results would be written to a",
  ],
  [
    ["a.ts", "--reporter", "json=a", "--reporter", "sarif=./a"],
    {},
    "Two results would be written to one file, a and ./a",
  ],
  [["a.ts", "./a.ts"], {}, "MODEL ./a.ts is given twice, expected once"],
  [["a.ts", "--reporter", "json", "--out", "a"], {}, "expected one or the other"],
  [
    ["a.ts", "--shard", "3/2"],
    {},
    '--shard is "3/2", expected I/N, the I-th of N parts, such as 1/3',
  ],
  [["a.ts", "--shard", "0/2"], {}, '--shard is "0/2", expected I/N, the I-th of N parts'],
  [["a.ts", "--jobs", "0"], {}, '--jobs is "0", expected a whole number, 1 to 256, or auto'],
  [
    ["a.ts", "--seeds", "9..1"],
    {},
    '--seeds is "9..1", expected how many draws (10), or seeds (1,2,5 or 0..9)',
  ],
  [["a.ts", "--seeds", "-1"], {}, '--seeds is "-1", expected how many draws (10), or seeds'],
  [["a.ts", "--jobs", "-1"], {}, '--jobs is "-1", expected a whole number, 1 to 256, or auto'],
  [
    ["a.ts", "--max-warnings", "-1"],
    {},
    '--max-warnings is "-1", expected a whole number, 0 or more',
  ],
  [["a.ts", "--seeds", "1", "--seed", "1"], {}, "--seed and --seeds are both given"],
  [["a.ts", "--max-warnings", "few"], {}, '--max-warnings is "few", expected a whole number'],
  [
    ["--columns", "5"],
    { "gradient-health.json": CONFIGURATION },
    '--columns is "5", expected a whole number, 20 to 1000',
  ],
  [
    ["a.ts", "--baseline", "b.json"],
    { "gradient-health.json": { extends: "init" }, "b.json": '{ "version": 1, "models": {} }' },
    "rules.baseline is off in gradient-health.json (extends init)",
  ],
  [["a.ts", "--config", "none.json"], {}, "none.json: the configuration cannot be read"],
  [["a.ts", "--config", "a", "--no-config"], {}, "--config and --no-config are both given"],
  [["a.ts", "--baseline", "none.json"], {}, "none.json: the baseline is missing: write one with"],
  [
    ["a.ts", "--baseline", "b.json"],
    { "b.json": "{}" },
    "b.json: version is missing, expected 1",
  ],
  [
    ["--print-config"],
    { "gradient-health.json": { rules: { "dead-unit": "off" } } },
    'gradient-health.json:1:23: rules has the unknown rule "dead-unit"; did you mean "dead-units"?',
  ],
  [["a.ts"], { "gradient-health.json": "{", "deno.json": '{"gradientHealth": 1}' }, "two conf"],
];

for (const [args, files, message] of REFUSED) {
  Deno.test(`check ${args.join(" ")} is refused in one sentence`, async () => {
    await withGateFolder([], files, async (cwd) => {
      await assertRefuses(["check", ...args], message, { cwd });
      assertEquals([...Deno.readDirSync(cwd)].some(({ name }) => name.endsWith(".tmp")), false);
    });
  });
}
