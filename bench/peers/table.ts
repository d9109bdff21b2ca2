import { isUnable, type Unable } from "./results.ts";

/** A table of Markdown; the first column is words, the others stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i === 0 ? "---" : "--:")), ...rows.map(line)].join(
    "\n",
  );
}

/**
 * A table with a row for each network and a column for each tool. A job that a tool cannot do is
 * "no" with a number.
 */
export function matrix<T extends object>(
  by: Readonly<Record<string, Readonly<Record<string, T | Unable>>>>,
  nameOf: (network: string) => string,
  cell: (value: T, of: Readonly<Record<string, T | Unable>>) => string,
): string {
  const tools = [...new Set(Object.values(by).flatMap((own) => Object.keys(own)))];
  const reasons: string[] = [];
  const show = (value: T | Unable | undefined, own: Readonly<Record<string, T | Unable>>) => {
    if (value === undefined) return "";
    if (!isUnable(value)) return cell(value, own);
    if (!reasons.includes(value.unable)) reasons.push(value.unable);
    return `no (${reasons.indexOf(value.unable) + 1})`;
  };
  const rows = Object.entries(by).map(([network, own]) => [
    nameOf(network),
    ...tools.map((tool) => show(own[tool], own)),
  ]);
  const notes = reasons.map((reason, i) => `(${i + 1}) ${reason}`);
  return [table(["network", ...tools], rows), ...notes].join("\n\n");
}
