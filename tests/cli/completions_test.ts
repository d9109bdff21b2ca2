import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MODEL_RULES } from "../../src/core/rules/rules.ts";
import { GATE_RULES } from "../../src/gate/gate_rules.ts";
import { flagName } from "../../src/cli/kit/flag.ts";
import { COMMANDS } from "../../src/cli/overview.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const script = async (shell: string) => (await runCommand(["completions", shell])).stdout;

/** Returns bash's completions of the last word of a command line. */
async function complete(source: string, ...words: string[]): Promise<string[]> {
  const driver = `${source}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_gradient_health
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", driver, "bash", "gradient-health", ...words],
    cwd: new URL("../../", import.meta.url),
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("completions bash completes subcommands, flags, words, files and rules", async () => {
  const source = await script("bash");
  assertEquals(await complete(source, ""), Object.keys(COMMANDS));
  assertEquals(await complete(source, "exp"), ["explain"]);
  assertEquals(await complete(source, "check", "--re"), ["--reporter", "--register"]);
  assertEquals(await complete(source, "check", "--reporter", "j"), ["json", "junit"]);
  assertEquals(await complete(source, "report", "--axis", ""), ["log", "linear"]);
  const formats = ["text", "json", "csv", "markdown", "html", "summary"];
  assertEquals(await complete(source, "sweep", "--format", ""), formats);
  // It also shows what scale wrote.
  assertEquals(await complete(source, "merge", "--format", ""), [...formats, "svg"]);
  assertEquals(await complete(source, "report", "--batch", "mod."), ["mod.ts"]);
  assertEquals(await complete(source, "check", "REA"), ["README.md"]);
  assertEquals(
    await complete(source, "explain", ""),
    [...GATE_RULES, ...MODEL_RULES].map(({ name }) => name),
  );
  assertEquals(await complete(source, "check", "--seeds", ""), [""]);
  assertEquals(await complete(source, "completions", "f"), ["fish"]);
  for (const subcommand of ["report", "check", "sweep"]) {
    assertEquals(await complete(source, subcommand, "--objective", "su"), ["sum"]);
  }
  assertEquals(await complete(source, "sweep", "--initializer", "he"), ["heNormal", "heUniform"]);
});

Deno.test("completions bash completes the file of a model as the first word, and then the flags of report", async () => {
  const source = await script("bash");
  assertEquals(await complete(source, "REA"), ["README.md"]);
  assertEquals(await complete(source, "fi"), ["fix", "fixtures"]);
  assertEquals(await complete(source, "net.ts", "--ax"), ["--axis"]);
  assertEquals(await complete(source, "net.ts", "--axis", ""), ["log", "linear"]);
});

Deno.test("completions bash completes a value after =, which bash makes a separate word", async () => {
  const source = await script("bash");
  assertEquals(await complete(source, "check", "--reporter", "=", "j"), ["json", "junit"]);
  assertEquals(await complete(source, "report", "--axis", "="), ["log", "linear"]);
  assertEquals(await complete(source, "report", "--batch", "=", "mod."), ["mod.ts"]);
});

/** Returns true if a shell is installed; if not, Deno throws at once and not in the promise. */
async function isInstalled(shell: string): Promise<boolean> {
  try {
    return (await new Deno.Command(shell, { args: ["-c", ":"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test({
  name:
    "completions fish completes the file of a model as the first word, and then the flags of report",
  ignore: !await isInstalled("fish"),
  async fn() {
    const source = await script("fish");
    const history = await Deno.makeTempDir();
    const complete = async (line: string) => {
      const { stdout } = await new Deno.Command("fish", {
        args: ["--no-config", "-c", `${source}\ncomplete -C '${line}'`],
        cwd: new URL("../../", import.meta.url),
        // Without it fish keeps a history in the home folder.
        env: { XDG_DATA_HOME: history },
      }).output();
      const words = new TextDecoder().decode(stdout).trim().split("\n");
      return words.map((line) => line.split("\t")[0]);
    };
    assertEquals(await complete("gradient-health REA"), ["README.md"]);
    assertEquals(await complete("gradient-health expl"), ["explain"]);
    assertEquals(await complete("gradient-health net.ts --ax"), ["--axis"]);
    assertEquals(await complete("gradient-health report --ax"), ["--axis"]);
    assertEquals(await complete("gradient-health explain --ax"), [""]);
    await Deno.remove(history, { recursive: true });
  },
});

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`completions ${shell} knows every flag of every subcommand`, async () => {
    const source = await script(shell);
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      assertStringIncludes(source, name);
      for (const name of Object.keys((await load()).flags).map(flagName)) {
        assertStringIncludes(source, shell === "fish" ? `-l ${name}` : `--${name}`);
      }
    }
  });

  Deno.test({
    name: `completions ${shell} is a script that ${shell} has no complaint about`,
    ignore: !await isInstalled(shell),
    async fn() {
      const file = await Deno.makeTempFile();
      await Deno.writeTextFile(file, await script(shell));
      const { success, stderr } = await new Deno.Command(shell, { args: ["-n", file] }).output();
      assert(success, new TextDecoder().decode(stderr));
      await Deno.remove(file);
    },
  });
}

Deno.test("completions refuses a shell that it does not know", async () => {
  await assertRefuses(
    ["completions"],
    "SHELL is missing, expected bash, zsh or fish",
  );
  await assertRefuses(
    ["completions", "fihs"],
    'SHELL is "fihs", expected bash, zsh or fish; did you mean "fish"?',
  );
  await assertRefuses(
    ["completions", "bash", "zsh"],
    "SHELL is given 2 times, expected once at most: bash zsh",
  );
});
