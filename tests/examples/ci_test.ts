import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = new URL("examples/ci/", ROOT);
const MAIN = new URL("mod.ts", ROOT).pathname;
const PACKAGE = "jsr:@gradient-health/gradient-health";

/** A recipe, with this checkout in place of the published package. */
function recipe(name: string): string {
  const text = Deno.readTextFileSync(new URL(name, EXAMPLES));
  return text.replaceAll(PACKAGE, `--no-check ${MAIN}`);
}

/** A folder with the examples' network; `scale` multiplies the deviation of its kernels. */
async function withProject(
  action: (folder: string, spoil: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const net = await Deno.readTextFile(new URL("net.ts", EXAMPLES));
  try {
    await Deno.writeTextFile(`${folder}/net.ts`, net);
    await action(
      folder,
      () => Deno.writeTextFile(`${folder}/net.ts`, net.replace("scale: 1,", "scale: 1e4,")),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bash(script: string, cwd: string, env: Record<string, string> = {}) {
  const path = `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", script],
    cwd,
    env: { NO_COLOR: "1", ...env, PATH: path },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const CONFIGURATION = JSON.stringify({ models: [{ name: "net", path: "net.ts", seeds: "0..1" }] });

Deno.test("action.yml checks the models of the configuration, and annotates", async () => {
  const action = parse(await Deno.readTextFile(new URL("action.yml", ROOT)));
  assertEquals(action.runs.using, "composite");
  const step = action.runs.steps.at(-1);
  assertEquals(step.shell, "bash");
  assert(!step.run.includes("${{"), "an input must not become part of the script");
  await withProject(async (folder, spoil) => {
    const env = {
      MODELS: action.inputs.models.default,
      FLAGS: "--seeds=0..2\n--reporter=sarif=gate.sarif\n",
      GITHUB_ACTION_PATH: ROOT.pathname,
      GITHUB_STEP_SUMMARY: `${folder}/summary.md`,
      GITHUB_WORKSPACE: `${folder}/..`,
    };
    await Deno.writeTextFile(`${folder}/gradient-health.json`, CONFIGURATION);
    // A configuration of the project's own must not become the action's.
    await Deno.writeTextFile(`${folder}/deno.json`, `{ "imports": {}, "nodeModulesDir": "none" }`);
    const fine = await bash(step.run, folder, env);
    assertEquals(fine.code, 0, fine.stderr);
    assertStringIncludes(fine.stdout, "Gate passed. The model is healthy.\n");
    await spoil();
    const broken = await bash(step.run, folder, { ...env, MODELS: "net\n" });
    assertEquals(broken.code, 1, broken.stderr);
    const name = folder.split("/").at(-1);
    assertStringIncludes(broken.stdout, `\n::error file=${name}/net.ts,line=`);
    assertStringIncludes(await Deno.readTextFile(`${folder}/summary.md`), "the gate failed");
    assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/gate.sarif`)).version, "2.1.0");
  });
});

Deno.test("action.yml hands a model on whatever it is called", async () => {
  const action = parse(await Deno.readTextFile(new URL("action.yml", ROOT)));
  await withProject(async (folder) => {
    const { code, stderr } = await bash(action.runs.steps.at(-1).run, folder, {
      MODELS: "--help\n$(touch owned)\n",
      FLAGS: "",
      GITHUB_ACTION_PATH: ROOT.pathname,
    });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--help: ");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["net.ts"]);
  });
});

Deno.test("examples/ci/github.yml uses the action with inputs and flags that there are", async () => {
  const workflow = parse(recipe("github.yml"));
  const { inputs } = parse(await Deno.readTextFile(new URL("action.yml", ROOT)));
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const { steps, strategy } = workflow.jobs.gate;
  const step = steps.find(({ uses }: { uses: string }) => uses.includes("gradient-health"));
  assertEquals(step.uses, `gradient-health/gradient-health@v${version}`);
  for (const name of Object.keys(step.with)) assert(name in inputs, name);
  await withProject(async (folder) => {
    const models = Array.from(strategy.matrix.part as string[], async (part) => {
      const flags = step.with.flags.replace("${{ matrix.part }}", part).trim().split("\n");
      const args = flags.map((flag: string) => `'${flag}'`).join(" ");
      return await bash(`deno run --no-check -A ${MAIN} check ${args} net.ts`, folder);
    });
    for (const { code, stderr } of await Promise.all(models)) assertEquals(code, 0, stderr);
  });
});

Deno.test("examples/ci/gitlab.yml writes the report that it uploads", async () => {
  const { gate } = parse(recipe("gitlab.yml"));
  await withProject(async (folder, spoil) => {
    await Deno.writeTextFile(`${folder}/gradient-health.json`, CONFIGURATION);
    await spoil();
    const { code, stderr } = await bash(gate.script.join("\n"), folder);
    assertEquals(code, 1, stderr);
    const report = await Deno.readTextFile(`${folder}/${gate.artifacts.reports.junit}`);
    assertStringIncludes(report, "<failure ");
  });
});

Deno.test("examples/ci/pre-commit keeps a network that cannot be trained out of git", async () => {
  await withProject(async (folder, spoil) => {
    await Deno.writeTextFile(`${folder}/gradient-health.json`, CONFIGURATION);
    const git = (...args: string[]) =>
      bash(`git -c user.name=a -c user.email=a@example.org ${args.join(" ")}`, folder);
    await git("init", "--quiet", "--template=");
    await Deno.mkdir(`${folder}/.git/hooks`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.git/hooks/pre-commit`, recipe("pre-commit"), {
      mode: 0o755,
    });
    await git("add", ".");
    const first = await git("commit", "--quiet", "-m", "healthy");
    assertEquals(first.code, 0, first.stderr);
    await spoil();
    await git("add", ".");
    const second = await git("commit", "--quiet", "-m", "broken");
    assert(second.code !== 0);
    assertStringIncludes(second.stdout + second.stderr, "SICK: 1 cause");
    // A file that cannot change a model is committed without a check.
    await git("reset", "--quiet");
    await Deno.writeTextFile(`${folder}/README.md`, "text");
    await git("add", "README.md");
    assertEquals((await git("commit", "--quiet", "-m", "text")).code, 0);
  });
});

Deno.test("examples/ci/pre-commit-config.yaml runs what the hook runs, for the same files", async () => {
  const [{ hooks: [hook] }] = parse(recipe("pre-commit-config.yaml")).repos;
  assertEquals([hook.language, hook.pass_filenames], ["system", false]);
  assertStringIncludes(recipe("pre-commit"), `exec ${hook.entry}`);
  const files = new RegExp(hook.files);
  assertEquals(
    ["a.ts", "b/model.json", "c.jsonc", "w.bin", "d.js", "README.md", "a.tsx"].map((name) =>
      files.test(name)
    ),
    [true, true, true, true, true, false, false],
  );
  await withProject(async (folder) => {
    await Deno.writeTextFile(`${folder}/gradient-health.json`, CONFIGURATION);
    assertEquals((await bash(hook.entry, folder)).code, 0);
  });
});

Deno.test("examples/ci/tasks.json is a deno.json whose tasks run", async () => {
  await withProject(async (folder, spoil) => {
    await Deno.writeTextFile(`${folder}/deno.json`, recipe("tasks.json"));
    const accepted = await bash("deno task gate:accept", folder);
    assertEquals(accepted.code, 0, accepted.stderr);
    assert((await Deno.stat(`${folder}/gradient-health.baseline.json`)).isFile);
    assertEquals((await bash("deno task gate", folder)).code, 0);
    await spoil();
    const { code, stdout } = await bash("deno task gate", folder);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "SICK in 5 of 5 seeds: ");
  });
});

Deno.test("examples/ci/gradient-health.json is a configuration that passes", async () => {
  const { code, stdout, stderr } = await bash(
    `deno run --no-check -A ${MAIN} check --config examples/ci/gradient-health.json`,
    ROOT.pathname,
  );
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, "Gate passed. Both models are healthy.\n");
});

Deno.test("action.yml and the workflow that init writes pin what they use to a commit", async () => {
  for (const file of ["action.yml", "src/cli/commands/run_init.ts", ".github/workflows/ci.yml"]) {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    const used = [...text.matchAll(/uses: (denoland\/\S+)/g)].map(([, name]) => name);
    assert(used.length > 0, file);
    for (const name of used) assert(/@[0-9a-f]{40}$/.test(name), `${file}: ${name}`);
  }
});
