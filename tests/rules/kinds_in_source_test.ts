import { assert, assertEquals } from "@std/assert";
import { loadedWith, readImports } from "../read_imports.ts";
import { kindsInSource } from "./kinds_in_source.ts";

const ROOT = new URL("../../", import.meta.url);
const SNAPSHOTS = new URL("__snapshots__/", import.meta.url);

/** Reads which kinds of which rules the snapshots have a sentence of, as `rule/kind`. */
async function kindsInSnapshots(): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { name } of Deno.readDir(SNAPSHOTS)) {
    const text = await Deno.readTextFile(new URL(name, SNAPSHOTS));
    for (const [, kind] of text.matchAll(/^["']?([\w-]+\/[\w-]+) (?:error|warning|note) /gm)) {
      found.add(kind);
    }
  }
  return found;
}

/** Reads the name of the rule that each file of a rule defines. */
async function namesOfRules(files: Iterable<string>): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const file of files) {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    const record = /\bdefine(?:Model)?Rule\(\{|_RECORD = \{/.exec(text);
    const name = /^ {2}name: "([\w-]+)"/m.exec(text.slice(record?.index))?.[1];
    if (record !== null && name !== undefined) names.set(file, name);
  }
  return names;
}

Deno.test("a snapshot has a sentence of each kind that the source of a rule can give", async () => {
  const imports = await readImports(ROOT, ["src/rules/"]);
  const files = new Set(imports.map(({ from }) => from));
  const names = await namesOfRules(files);
  const inSnapshots = await kindsInSnapshots();
  const kinds = await kindsInSource(ROOT, "src/rules/");
  assert(kinds.length > 130, "the kinds are read from the source");
  const missing = kinds.filter(({ file, kind }) => {
    const own = names.get(file);
    // A helper's kind needs a sentence of one of the rules that use it.
    const rules = own !== undefined
      ? [own]
      : [...names].filter(([rule]) => loadedWith(imports, [rule]).includes(file))
        .map(([, name]) => name);
    return !rules.some((rule) => inSnapshots.has(`${rule}/${kind}`));
  });
  assertEquals(missing.map(({ file, kind }) => `${file}: ${kind}`), []);
});

Deno.test("kindsInSource() follows choices, templates, constants, parameters and functions", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/rule.ts`,
      `
      const chosen = isSmall ? "small" : "large";
      const made = { severity: "error", kind: \`\${fails ? "too-" : ""}\${chosen}\` };
      function verdict(kind: string, side: "low" | "high") {
        return [{ fix: "Do.", kind }, { message: "No.", kind: side }];
      }
      verdict("given", side);
      const layer = { kind: "dense" };
      function nameOf() { if (a) return "one"; return b ? "two" : null; }
      const called = { severity: "note", kind: nameOf() };
      `,
    );
    const root = new URL(`file://${folder}/`);
    assertEquals(
      (await kindsInSource(root, "./")).map(({ kind }) => kind),
      ["given", "high", "large", "low", "one", "small", "too-large", "too-small", "two"],
    );
    await Deno.writeTextFile(`${folder}/other.ts`, `x = { severity: "note", kind: one.two };`);
    const message = await kindsInSource(root, "./").then(() => "", (error) => error.message);
    assertEquals(message, "other.ts: the kind one.two is not followed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
