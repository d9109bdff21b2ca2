import { assertEquals } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const CREATE = `export const createModel = ({ tf }) => tf.sequential({
  layers: [1, 2].map((units) => tf.layers.dense({ units, inputShape: [1] })),
});
`;
const NEVER = "export const createModel = () => new Promise(() => {});";

const CHECK = ["check", "--trial", "off", "--no-config", "--reporter", "json"];

/** Arguments of every measuring subcommand. */
const COMMANDS = [
  ["report", "--trial", "off"],
  [...CHECK, "--seeds", "2"],
  [...CHECK, "--seeds", "2", "--jobs", "2"],
  ["sweep", "--scale", "1,2", "--seeds", "2", "--jobs", "1"],
  ["sweep", "--scale", "1,2", "--seeds", "2", "--jobs", "2"],
];

const HOSTILE = `new Proxy(new Error(""), {
  get() { throw new Error("no"); },
  getPrototypeOf() { throw 1; },
})`;

/** Code at the top of a module, and the expected words about it; `NAME` stands for its file. */
const FAILING: [string, string | null][] = [
  [
    '(async () => { await 0; throw new Error("no data"); })();\n' + CREATE,
    "no data, at NAME:1:31",
  ],
  ['setTimeout(() => { throw new Error("late"); }, 5);\n' + CREATE, "late, at NAME:1:26"],
  ["Promise.reject({ code: 5 });\n" + CREATE, "an object"],
  [`Promise.reject(${HOSTILE});\n${CREATE}`, "an object that cannot be looked at"],
  [
    `setInterval(() => {}, 99); setTimeout(() => { throw new Error("late"); });\n${NEVER}`,
    "late, at NAME:1:53",
  ],
  [
    `setTimeout(() => Promise.reject(new Error("late")), 5);\n${NEVER}`,
    "late, at NAME:1:33",
  ],
];

/** A rejection that is handled later. */
const HANDLED = 'const p = Promise.reject(new Error("x")); setTimeout(() => p.catch(() => {}));\n' +
  CREATE;

/** Runs a command on modules, each of which has to end as it should. */
function requireEnds(command: string[], modules: [text: string, reason: string | null][]) {
  const names = modules.map((_, i) => `net${i}.ts`);
  const files = Object.fromEntries(modules.map(([text], i) => [names[i], text]));
  return withGateFolder([], files, async (cwd) => {
    const args = [command[0], ...names, "--quiet", ...command.slice(1)];
    const { code, stderr } = await runCommand(args, { cwd, separate: true });
    const said = modules.flatMap(([, reason], i) =>
      reason === null ? [] : [
        `error: ${names[i]}: an error in its code was not caught: ${
          reason.replace("NAME", names[i])
        }`,
      ]
    );
    // Each pass of a check says it.
    const lines = new Set(stderr.split("\n").filter((line) => line !== ""));
    assertEquals([...lines].sort(), said.sort());
    assertEquals(code, said.length > 0 ? 2 : 0, stderr);
  });
}

const MODULES: [string, string | null][] = [...FAILING, [HANDLED, null]];

for (const command of COMMANDS) {
  Deno.test(`${command.join(" ")} fails with the module whose error nothing catches`, async () => {
    if (command[0] === "check") return await requireEnds(command, MODULES);
    // Others take one model per process, and catch errors by the code that check has.
    const modules = [FAILING[0], FAILING[5]];
    if (command[0] === "report") modules.push([HANDLED, null]);
    for (const module of modules) await requireEnds(command, [module]);
  });
}

Deno.test("check measures the models after one whose error nothing catches", () =>
  withGateFolder([], { "net.ts": FAILING[1][0], "fine.ts": CREATE }, async (cwd) => {
    const args = [...CHECK, "--quiet", "net.ts", "fine.ts"];
    const { code, stdout } = await runCommand(args, { cwd, separate: true });
    assertEquals(code, 2);
    const runs: { name: string; error: string | null }[] = JSON.parse(stdout).runs;
    assertEquals(runs.map(({ name, error }) => [name, error === null]), [
      ["net.ts", false],
      ["fine.ts", true],
    ]);
  }));

Deno.test("report says what a layer threw, whatever it is", async () => {
  const layer = (thrown: string) => `
export const createModel = ({ tf }) => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
  model.layers[0].call = () => { throw ${thrown}; };
  return model;
};
`;
  for (
    const [thrown, reason] of [
      ["null", "null"],
      ['"text"', "text"],
      ["{ code: 5 }", "an object"],
      ['Object.freeze(new Error("frozen"))', "frozen"],
    ]
  ) {
    await withGateFolder([], { "net.ts": layer(thrown) }, async (cwd) => {
      const { code, stderr } = await runCommand(["report", "net.ts", "--quiet"], { cwd });
      assertEquals([code, stderr.split("\n").length], [2, 2], stderr);
      assertEquals(
        [stderr.startsWith("error: net.ts: "), stderr.includes(reason)],
        [true, true],
        stderr,
      );
    });
  }
});
