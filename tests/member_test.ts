import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };
import { copyFiles } from "../tools/bundle/bundle.ts";
import { STD } from "../tools/bundle/install.ts";
import { writeMember } from "../tools/bundle/member.ts";

/** Members of the workspace in `src/`. */
const MEMBERS = configuration.workspace.filter((path) => path.startsWith("./src/"))
  .map((path) => path.slice("./src/".length));

Deno.test("a member has the version of the whole, a short README, and entries that exist", async () => {
  assert(MEMBERS.includes("engine") && MEMBERS.length > 5);
  for (const member of MEMBERS) {
    const folder = new URL(`../src/${member}/`, import.meta.url);
    const { name, version, exports } = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", folder)),
    );
    assertEquals([name, version], [`@gradient-health/${member}`, configuration.version]);
    for (const path of Object.values(exports)) await Deno.stat(new URL(path as string, folder));
    const readme = await Deno.readTextFile(new URL("README.md", folder));
    assert(readme.split("\n").length <= 40, member);
    // The files and folders that its table names.
    for (const [, path] of readme.matchAll(/^\| `([\w/]+(?:\.ts|\/))`/gm)) {
      await Deno.stat(new URL(path, folder));
    }
  }
});

Deno.test("a packed member has the code of no other wing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const wings = MEMBERS.filter((member) => member !== "engine");
    for (const member of MEMBERS) {
      const modules = await writeMember(member, `${folder}/${member}`);
      const rooms = new Set(modules.map((path) => path.split("/")[0]));
      // A study opens models by their paths, and so has the wings that load asks.
      const asked = rooms.has("load") ? ["keras", "torch"] : [];
      const others = wings.filter((wing) => wing !== member && !asked.includes(wing));
      assertEquals(others.filter((wing) => rooms.has(wing)), [], member);
      if (member === "engine") assertEquals([...rooms].sort(), ["engine", "ground", "platform"]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Script of somebody who has the engine alone: the gradient of log-softmax against its definition. */
const SCRIPT = `
import { startEngine } from "@gradient-health/engine";
await using engine = await startEngine({ threads: 1 });
const { tf } = engine;
const x = tf.tensor2d([[1, 2, 4]]);
const gradient = tf.grad((x) => tf.logSoftmax(x).slice([0, 0], [1, 1]).sum())(x);
const exps = [1, 2, 4].map(Math.exp), sum = exps[0] + exps[1] + exps[2];
const expected = exps.map((one, i) => (i === 0 ? 1 : 0) - one / sum);
const error = Math.max(...Array.from(gradient.dataSync(), (one, i) => Math.abs(one - expected[i])));
console.log(tf.getBackend(), error < 1e-6);
`;

Deno.test("the engine runs by itself, packed, in an empty folder", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await writeMember("engine", `${folder}/package`);
    await copyFiles(folder, ["std/", "deno.lock"]);
    await Deno.writeTextFile(`${folder}/script.ts`, SCRIPT);
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({
        imports: {
          "@gradient-health/engine": `jsr:@gradient-health/engine@${configuration.version}`,
        },
        links: ["./package", ...STD],
        allowScripts: configuration.allowScripts,
      }),
    );
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--check", "script.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assertStringIncludes(decoder.decode(stdout), "wasm true", decoder.decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
