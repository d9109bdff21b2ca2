import { assert, assertEquals } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

/** ESC, a one-byte CSI, a bidirectional override, half a character, and a command of GitHub's runner. */
const HOSTILE = "\\u001b[31m\\u009b2J\\u202e\\ud800##[add-mask]x";

const NETWORK = `const name = "::error::${HOSTILE}";
export const createModel = ({ tf }) => {
  console.log("made");
  const layers = [
    tf.layers.dense({ units: 4, inputShape: [3], kernelInitializer: "zeros" }),
    tf.layers.dense({ units: 2, kernelInitializer: "zeros" }),
  ];
  const model = tf.sequential({ name, layers });
  // TensorFlow.js lets no layer with weights be called so, and lets it be renamed.
  layers.forEach((layer, i) => layer.name = name + i);
  return model;
};
`;

const FAILS = `export const createModel = () => { throw new Error("::error::${HOSTILE}"); };\n`;

// A file name of Linux holds any byte but two.
const FILE = "net\x1b[2J\u202e.js";

const CONFIGURATION = {
  models: [{ path: FILE, name: JSON.parse(`"${HOSTILE}"`) }],
  suppressions: [
    { rule: "symmetry", layer: "*", reason: JSON.parse(`"known ${HOSTILE}"`) },
  ],
};

function requireVisible(text: string, what: string): void {
  const bad = text.match(
    /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|##\[|^\s*::(?!error|warning|notice)/mu,
  );
  assertEquals(bad?.[0], undefined, `${what}: ${bad?.input?.slice(bad.index).slice(0, 200)}`);
}

Deno.test("no subcommand lets a control or a command of a name or an error out", () =>
  withGateFolder(
    [],
    {
      [FILE]: NETWORK,
      "healthy.js": NETWORK.replaceAll(', kernelInitializer: "zeros"', ""),
      "fails\x9b.js": FAILS,
      "gradient-health.json": CONFIGURATION,
    },
    async (cwd) => {
      const files = ["json", "junit", "markdown", "sarif"].map((name) => `out.${name}`);
      const reporters = files.map((file) => `${file.slice("out.".length)}=${file}`);
      const commands: [args: string[], code: number][] = [
        [["report", FILE], 0],
        [["report", FILE, "--unicode", "--trial", "off"], 0],
        [["report", FILE, "--format", "json"], 0],
        ...["text", "json", "markdown"].map((name): [string[], number] => [
          ["diff", FILE, "healthy.js", "--format", name, "--trial", "off"],
          0,
        ]),
        [["check", ...["text", "github", ...reporters].map((name) => `--reporter=${name}`)], 1],
        // Trials take most of the time, and each format has shown what they say.
        [["check", "--seeds", "2", "--jobs", "2", "--trial", "off"], 1],
        [["check", "--print-config"], 0],
        [["check", "--update-baseline", "--trial", "off"], 1],
        ...["text", "json", "csv", "markdown", "summary"].map((name): [string[], number] => [
          ["sweep", FILE, "--scale", "0.5,1", "--seeds", "1", "--format", name],
          0,
        ]),
        [["report", "fails\x9b.js"], 2],
        [["report", "none\x1b[2J.js"], 2],
        [["explain", "\x1b[2J\u202e"], 2],
        [["check", "--reporter", "\x1b[2J"], 2],
      ];
      const ran = await Promise.all(commands.map(async ([args, expected]) => {
        const { code, stdout, stderr } = await runCommand(args, { cwd });
        const what = args.join(" ");
        assertEquals(code, expected, `${what}: ${stderr}`);
        requireVisible(stdout, `${what}, stdout`);
        requireVisible(stderr, `${what}, stderr`);
        return stdout;
      }));
      assert(ran.some((text) => text.includes("\\u{202e}")));
      for (const name of ["gradient-health.baseline.json", ...files]) {
        requireVisible(await Deno.readTextFile(`${cwd}/${name}`), name);
      }
    },
  ));
