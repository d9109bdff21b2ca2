import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const MODEL = "relu_he";
const FILE = "gradient-health.baseline.json";
const CHECK = ["check", `${MODEL}/model.json`, "--quiet"];

/** Makes the figures of the first layer ten times what they are. */
async function tamper(file: string): Promise<void> {
  const text = await Deno.readTextFile(file);
  const changed = text.replace(/("dense_1": \{ "activations": )[\d.]+/, "$18.4");
  assert(changed !== text);
  await Deno.writeTextFile(file, changed);
}

Deno.test("check --update-baseline stores figures that a later check compares with", async () => {
  await withGateFolder([MODEL], {}, async (cwd) => {
    const update = ["check", `${MODEL}/model.json`, "--update-baseline"];
    const stored = await runCommand(update, { cwd });
    assertEquals(stored.code, 0, stored.stderr);
    assertStringIncludes(stored.stderr, `stored the figures in ${FILE}`);
    const text = await Deno.readTextFile(`${cwd}/${FILE}`);
    assertEquals((await runCommand(CHECK, { cwd })).code, 0);
    await tamper(`${cwd}/${FILE}`);
    const { code, stdout } = await runCommand(CHECK, { cwd });
    assertEquals(code, 1);
    assertStringIncludes(
      stdout.replace(/\s+/g, " "),
      "CHANGED: 1 cause 1. Against the baseline, the activations of dense_1 are",
    );
    const { stdout: all } = await runCommand([...CHECK, "--details"], { cwd });
    assertStringIncludes(all, "ERROR baseline: dense_1\n  std(a) of dense_1 is 0.");
    assertStringIncludes(all, "and was 8.4");
    // Storing again gives the same bytes, and a third time changes nothing.
    await runCommand(update, { cwd });
    assertEquals(await Deno.readTextFile(`${cwd}/${FILE}`), text);
    assertStringIncludes((await runCommand(update, { cwd })).stderr, "is up to date");
  });
});

Deno.test("check --baseline compares with another file, and no baseline rule with none", async () => {
  await withGateFolder([MODEL], {}, async (cwd) => {
    await runCommand([...CHECK, "--update-baseline", "--baseline", "old.json"], { cwd });
    await tamper(`${cwd}/old.json`);
    assertEquals((await runCommand(CHECK, { cwd })).code, 0);
    assertEquals((await runCommand([...CHECK, "--baseline", "old.json"], { cwd })).code, 1);
    const off = { rules: { baseline: "off" }, baseline: "old.json" };
    await Deno.writeTextFile(`${cwd}/gradient-health.json`, JSON.stringify(off));
    assertEquals((await runCommand(CHECK, { cwd })).code, 0);
  });
});

Deno.test("check --update-baseline stores nothing when a pass cannot be made", async () => {
  await withGateFolder([MODEL], {}, async (cwd) => {
    const { code } = await runCommand([...CHECK, "none.json", "--update-baseline"], { cwd });
    assertEquals(code, 2);
    assertEquals([...Deno.readDirSync(cwd)].map(({ name }) => name), [MODEL]);
  });
});

Deno.test("two checks that write one baseline at once both store their figures", async () => {
  await withGateFolder([MODEL, "seed_tanh_critical"], {}, async (cwd) => {
    const outcomes = await Promise.all(
      [MODEL, "seed_tanh_critical"].map((name) =>
        runCommand(["check", `${name}/model.json`, "--quiet", "--update-baseline"], { cwd })
      ),
    );
    for (const { code, stderr } of outcomes) assertEquals([code, stderr], [0, ""]);
    const { models } = JSON.parse(await Deno.readTextFile(`${cwd}/${FILE}`));
    assertEquals(Object.keys(models), [`${MODEL}/model.json`, "seed_tanh_critical/model.json"]);
  });
});

/** Runs check --update-baseline from a shell, which first does something. */
async function updateAfter(preparation: string, cwd: string, wrapper: string[] = []) {
  const main = new URL("../../mod.ts", import.meta.url).pathname;
  const [program, ...args] = [
    ...wrapper,
    "bash",
    "-c",
    `${preparation}; exec "$0" run --no-check -A "$@"`,
    Deno.execPath(),
    main,
    ...CHECK,
    "--update-baseline",
  ];
  const output = await new Deno.Command(program, { args, cwd, env: { NO_COLOR: "1" } }).output();
  return { code: output.code, stderr: new TextDecoder().decode(output.stderr) };
}

async function assertKeepsOld(
  cwd: string,
  update: (old: string) => ReturnType<typeof updateAfter>,
): Promise<void> {
  await runCommand([...CHECK, "--update-baseline"], { cwd });
  await tamper(`${cwd}/${FILE}`);
  const old = await Deno.readTextFile(`${cwd}/${FILE}`);
  const { code, stderr } = await update(old);
  assertEquals(code, 2, stderr);
  assertMatch(stderr, /^error: .*cannot (be written|write)/);
  assertStringIncludes(stderr, FILE);
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  assertEquals(await Deno.readTextFile(`${cwd}/${FILE}`), old);
}

const isRoot = Deno.uid() === 0;

Deno.test("check --update-baseline in a read-only folder keeps the old baseline", async () => {
  await withGateFolder([MODEL], {}, async (cwd) => {
    await assertKeepsOld(cwd, async () => {
      // Modes do not bind root, a mount does.
      if (isRoot) {
        const mount = `mount --bind . . && mount -o remount,ro,bind . && cd "$PWD"`;
        return await updateAfter(mount, cwd, ["unshare", "--mount"]);
      }
      await Deno.chmod(cwd, 0o500);
      try {
        return await updateAfter(":", cwd);
      } finally {
        await Deno.chmod(cwd, 0o700);
      }
    });
  });
});

Deno.test("check --update-baseline on a full disk keeps the old baseline", async () => {
  await withGateFolder([MODEL], {}, async (cwd) => {
    await assertKeepsOld(cwd, async (old) => {
      // A limit on the size of a file is what whoever may not mount has for a full disk.
      if (!isRoot) return await updateAfter("trap '' XFSZ; ulimit -f 1", cwd);
      const disk =
        `mkdir disk && mount -t tmpfs -o size=256k none disk && cp -r ${MODEL} ${FILE} disk`;
      const fill = `cd disk && { cat /dev/zero > filler 2>/dev/null; true; }`;
      const check = `cmp -s ${FILE} ../${FILE} && ls > ../left`;
      const main = new URL("../../mod.ts", import.meta.url).pathname;
      const { code, stderr } = await new Deno.Command("unshare", {
        args: [
          "--mount",
          "bash",
          "-c",
          `${disk} && ${fill}; "$0" run --no-check -A "$@"; code=$?; ${check}; exit $code`,
          Deno.execPath(),
          main,
          ...CHECK,
          "--update-baseline",
        ],
        cwd,
        env: { NO_COLOR: "1" },
      }).output();
      // `left` is written only where the baseline on the full disk is still the old one.
      const left = await Deno.readTextFile(`${cwd}/left`);
      assertEquals(left, `filler\n${FILE}\n${MODEL}\n`);
      assert(old.length > 0);
      return { code, stderr: new TextDecoder().decode(stderr) };
    });
  });
});
