import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { Terminal } from "./terminal.ts";
import { wideLayers } from "./wide_layers.ts";

const MOD = new URL("../../mod.ts", import.meta.url).pathname;
const HAS_TMUX = await Terminal.isThere();
if (!HAS_TMUX) console.log("watch_test.ts is left out: there is no tmux");

/** A module that takes the size of its kernels from another one. */
const NETWORK = `import { std } from "./size.js";
export const createModel = ({ tf, seed }) => tf.sequential({
  layers: [1, 2, 3].map((i) => tf.layers.dense({
    units: 8, inputShape: [8], name: "fc" + i, activation: "tanh",
    kernelInitializer: tf.initializers.randomNormal({ stddev: std * 0.3, seed: seed + i }),
  })),
});
`;
const size = (std: number) => `export const std = ${std};\n`;

/** Runs `report --watch` on a model in a terminal, and does something there once it has measured. */
function watchTest(
  name: string,
  model: string,
  body: (terminal: Terminal, folder: string) => Promise<void>,
  rows = 40,
) {
  const files = { "net.js": NETWORK, "size.js": size(1) };
  Deno.test({
    name,
    ignore: !HAS_TMUX,
    fn: () =>
      withGateFolder(["relu_he"], files, async (cwd) => {
        const command =
          `echo before; ${Deno.execPath()} run --no-check -A ${MOD} report ${model} ` +
          "--watch --trial off; echo code $?";
        await using terminal = await Terminal.open(command, { cwd, rows });
        await terminal.until(/measured in .*; watching \d files; Ctrl-C ends it/);
        await body(terminal, cwd);
      }),
  });
}

watchTest(
  "report --watch says what an imported file has changed",
  "net.js",
  async (terminal, cwd) => {
    assertMatch(await terminal.text(), /watching 2 files/);
    await Deno.writeTextFile(`${cwd}/size.js`, size(0.1));
    const text = await terminal.until(/Since the last pass/);
    assertMatch(text, /Since the last pass: the kernels of fc1, fc2, fc3 are 10 times smaller;/);
    assertMatch(text, /^New: The kernels/m);
    // In place: nothing of the report before is left.
    assertEquals(text.match(/^Model /gm)!.length, 1);
    assert(!text.includes("echo before"), text);
  },
);

watchTest(
  "report --watch sees a module that an editor renames into place",
  "net.js",
  async (terminal, cwd) => {
    for (const factor of [0.06, 0.6]) {
      await Deno.writeTextFile(`${cwd}/net.js~`, NETWORK.replace("0.3", String(factor)));
      await Deno.rename(`${cwd}/net.js~`, `${cwd}/net.js`);
      await terminal.until(factor < 0.3 ? /5 times smaller/ : /10 times\s+larger/);
    }
  },
);

watchTest(
  "report --watch shows a syntax error, and goes on after it",
  "net.js",
  async (terminal, cwd) => {
    await Deno.writeTextFile(`${cwd}/net.js`, `${NETWORK} (`);
    const broken = await terminal.until(/error: /);
    assertMatch(
      broken,
      /error: net\.js: importing it failed: SyntaxError: [^,]+,\s+at\s+net\.js:8:3/,
    );
    assertMatch(broken, /^Below is the last report that could be made\.$/m);
    assertMatch(broken, /^Model /m);
    await Deno.writeTextFile(`${cwd}/net.js`, NETWORK);
    assertStringIncludes(await terminal.until(/Since the last pass/), "all figures are the same.");
  },
);

watchTest("report --watch sees an import that comes later", "net.js", async (terminal, cwd) => {
  await Deno.remove(`${cwd}/size.js`);
  await terminal.until(/error: .*size\.js/s);
  await Deno.writeTextFile(`${cwd}/size.js`, size(0.1));
  await terminal.until(/10 times smaller/);
});

watchTest(
  "report --watch drops a pass that never ends when its module changes",
  "net.js",
  async (terminal, cwd) => {
    await Deno.writeTextFile(`${cwd}/net.js`, `${NETWORK}while (true);\n`);
    // The previous measurement stays in sight.
    assertMatch(await terminal.until(/measuring \.\.\./), /^Model /m);
    await Deno.writeTextFile(`${cwd}/net.js`, NETWORK.replace("0.3", "0.03"));
    await terminal.until(/10 times smaller/);
  },
);

watchTest(
  "report --watch sees new weights of a model.json",
  "relu_he/model.json",
  async (terminal, cwd) => {
    const path = `${cwd}/relu_he/weights.bin`;
    const weights = new Float32Array((await Deno.readFile(path)).buffer);
    await Deno.writeFile(path, new Uint8Array(weights.map((weight) => weight / 100).buffer));
    await terminal.until(/the kernels of .* are 100 times\s+smaller/s);
  },
);

watchTest(
  "report --watch gives the terminal back at Ctrl-C, with the last report and code 130",
  "net.js",
  async (terminal) => {
    assert(await terminal.isBeside());
    // If there are more lines than rows, the first ones are shown.
    assertMatch(await terminal.text(), /^\d\d:\d\d:\d\d measured in/);
    assertMatch(await terminal.text(), /^\d+ more lines, printed at the end$/m);
    await terminal.press("C-c");
    await terminal.until(/^code 130$/m);
    assert(!await terminal.isBeside());
    const all = await terminal.text({ history: true });
    // The shell may show its prompt only now.
    assertMatch(all, /^(# )?before\n\d\d:\d\d:\d\d measured in/m);
    assertEquals(all.match(/measured in/g)!.length, 1);
    assertMatch(all, /^Model .*\n.*\n.*\n/m);
    await terminal.type("echo still here");
    await terminal.until(/^still here$/m);
  },
  12,
);

/**
 * Runs `report --watch` without a terminal, and does something whenever it has measured; the last of it
 * ends it with SIGTERM.
 */
async function watchInPipe(
  cwd: string,
  args: string[],
  actions: (() => Promise<void>)[],
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "-A",
      MOD,
      "report",
      "net.js",
      "--watch",
      "--trial",
      "off",
      ...args,
    ],
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  let passes = 0;
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    while (text.split("measured in").length - 1 > passes) {
      await actions[passes++]?.();
      if (passes === actions.length) child.kill("SIGTERM");
    }
  }
  assertEquals(await new Response(child.stderr).text(), "");
  assertEquals((await child.status).code, 143);
  return text;
}

Deno.test("report --watch appends where there is no terminal, and ends at a signal", () =>
  withGateFolder([], { "net.js": NETWORK, "size.js": size(1) }, async (cwd) => {
    const change = () => Deno.writeTextFile(`${cwd}/size.js`, size(0.1));
    const text = await watchInPipe(cwd, [], [change, async () => {}]);
    assertEquals(text.match(/^Model /gm)!.length, 2);
    assertMatch(text, /^Since the last pass: the kernels/m);
    // deno-lint-ignore no-control-regex -- what must not be there
    assert(!/\x1b/.test(text));
  }));

Deno.test("report --watch loads rules again as well, and writes --out each time", async () => {
  const rule = await wideLayers();
  const most = (units: number) => rule.replace("default: 512", `default: ${units}`);
  const files = { "net.js": NETWORK, "size.js": size(1), "rule.ts": most(4) };
  await withGateFolder([], files, async (cwd) => {
    const args = ["--plugin", "rule.ts", "--format", "json", "--out", "r.json"];
    const counts: number[] = [];
    const count = async () => {
      const { findings } = JSON.parse(await Deno.readTextFile(`${cwd}/r.json`));
      const isOwn = ({ rule }: { rule: string }) => rule === "team/wide-layers";
      counts.push(findings.filter(isOwn).length);
    };
    const text = await watchInPipe(cwd, args, [async () => {
      await count();
      await Deno.writeTextFile(`${cwd}/rule.ts`, most(16));
    }, count]);
    assertEquals(counts, [3, 0]);
    assert(!text.includes("Model"), text);
  });
});

Deno.test("report --watch refuses what it cannot watch", () =>
  withGateFolder([], { "net.js": NETWORK }, async (cwd) => {
    await assertRefuses(["report", "--watch"], "--watch has no MODEL, expected a file to watch");
    await assertRefuses(
      ["report", "net.js", "--watch", "--format", "json"],
      "--watch with --format json has no --out, expected a file",
      { cwd },
    );
    await assertRefuses(["report", "none/net.js", "--watch"], "none/net.js cannot be watched: ", {
      cwd,
    });
  }));
