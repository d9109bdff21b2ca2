/** A cell of a notebook before it has run. */
export interface SourceCell {
  kind: "markdown" | "code";
  source: string;
}

/**
 * The cells of a script whose parts begin with `// %%`, or `// %% [markdown]` where they are comments. A script prints
 * with `console.log`; a cell shows its last value by itself, and a picture where there is one. So a `console.log` that
 * ends a part is left out around its value.
 */
export function cellsOf(script: string): SourceCell[] {
  const [, ...parts] = script.split(/^\/\/ %%/m);
  return parts.map((part) => {
    const [mark, ...lines] = part.split("\n");
    const text = lines.join("\n").trim();
    return mark.trim() === "[markdown]"
      ? { kind: "markdown", source: text.replaceAll(/^\/\/ ?/gm, "") }
      : { kind: "code", source: text.replace(/^console\.log\((.*)\);$(?![^]*\n\S)/m, shownValue) };
  });
}

/** A value as the last statement of a cell. */
const shownValue = (_: string, value: string) =>
  value.startsWith("{") ? `(${value});` : `${value};`;

/** A notebook as Jupyter writes it; the parts that are looked at here. */
export interface Notebook {
  cells: {
    cell_type: "markdown" | "code";
    id: string;
    source: string | string[];
    execution_count?: number | null;
    outputs?: Output[];
    metadata: object;
  }[];
  metadata: object;
  nbformat: 4;
  nbformat_minor: 5;
}

/** Output of a cell. */
export interface Output {
  output_type: "stream" | "display_data" | "execute_result" | "error";
  text?: string | string[];
  data?: Record<string, string | string[]>;
  evalue?: string;
}

/** A notebook for the Deno kernel that has not run. */
export function notebookOf(cells: readonly SourceCell[]): Notebook {
  return {
    cells: cells.map(({ kind, source }, i) => ({
      cell_type: kind,
      id: `cell-${i + 1}`,
      metadata: {},
      source,
      ...kind === "code" ? { execution_count: null, outputs: [] } : {},
    })),
    metadata: {
      kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
      language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** Several lines are one text, or an array of them. */
export const textOf = (text: string | string[]): string => [text].flat().join("");
