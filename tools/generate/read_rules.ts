import type { ProbeSubject } from "../../src/core/probe/probe_options.ts";
import type { ModelRule, Rule } from "../../src/core/rules/rule.ts";
import { snakeCase } from "./doc_text.ts";

/** Rule with its place. */
export interface RuleFile<R> {
  /** Its file, relative to the root of the checkout. */
  file: string;
  /** Constant that its file exports. */
  constant: string;
  /** Rule. */
  rule: R;
}

/** All rules over measurements and all rules over a model, each kind in its order. */
export interface RuleFiles {
  rules: RuleFile<Rule>[];
  modelRules: RuleFile<ModelRule<ProbeSubject>>[];
}

/** Root of the checkout. */
export const ROOT = new URL("../../", import.meta.url);

/**
 * Reads the rules from their files, since the lists are generated from the result.
 *
 * @throws {Error} If a file does not export the rule that its name promises.
 */
export async function readRules(): Promise<RuleFiles> {
  return {
    rules: await readFolders<Rule>(["weights", "signal", "data", "task"]),
    modelRules: await readFolders<ModelRule<ProbeSubject>>(["trained"]),
  };
}

/** Reads the rules of some folders of `src/core/rules`; a file without a rule helps one beside it. */
async function readFolders<R extends { name: string; order: number; assertion: string }>(
  folders: readonly string[],
): Promise<RuleFile<R>[]> {
  const found = (await Promise.all(folders.map((name) => readFolder<R>(`src/core/rules/${name}`))))
    .flat();
  return found.sort(({ rule: a }, { rule: b }) => a.order - b.order || (a.name < b.name ? -1 : 1));
}

async function readFolder<R extends { name: string; order: number; assertion: string }>(
  folder: string,
): Promise<RuleFile<R>[]> {
  const found: RuleFile<R>[] = [];
  for await (const { name } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    const stem = name.replace(/\.ts$/, "");
    const constant = stem.replaceAll(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
    const file = `${folder}/${name}`;
    const module = await import(new URL(file, ROOT).href);
    const rule: R | undefined = module[constant];
    const isHelper = !Object.values(module).some(isRule);
    if (isHelper) continue;
    if (rule === undefined || snakeCase(rule.name) !== stem) {
      throw new Error(
        `${file} exports no rule ${constant} called "${
          stem.replaceAll("_", "-")
        }": file, constant ` +
          `and rule share one stem`,
      );
    }
    found.push({ file, constant, rule });
  }
  return found;
}

/** True if a value is the record of a rule. */
function isRule(value: unknown): boolean {
  return typeof value === "object" && value !== null && "order" in value && "summary" in value;
}
