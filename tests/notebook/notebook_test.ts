import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cellsOf, type Notebook, notebookOf, type Output, textOf } from "./notebook_cells.ts";
import { runNotebook, whyNot } from "./run_notebook.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const SCRIPT = new URL("extracting_weights_and_gradients.ts", EXAMPLES);

const script = await Deno.readTextFile(SCRIPT);
const text = await Deno.readTextFile(new URL("extracting-weights-and-gradients.ipynb", EXAMPLES));
const committed: Notebook = JSON.parse(text);

const mediaTypes = (
  { data = {}, output_type: kind }: Output,
) => [kind, ...Object.keys(data).sort()];
const shownBy = ({ cells }: Notebook) =>
  cells.map(({ id, outputs = [] }) => [id, ...outputs.map(mediaTypes)]);

Deno.test("the notebook has the cells of the script beside it: deno task notebook writes them", () => {
  const cells = committed.cells.map(({ cell_type: kind, source }) => ({
    kind,
    source: textOf(source),
  }));
  assertEquals(cells, cellsOf(script));
});

Deno.test("cellsOf() leaves out the console.log that ends a part, and no other", () => {
  const cells = cellsOf([
    "// %% [markdown]",
    "// # Title",
    "//",
    "// Text.",
    "",
    "// %%",
    'console.log("first");',
    "const a = 1;",
    "console.log(a);",
    "",
    "// %%",
    "console.log({ a });",
    "",
  ].join("\n"));
  assertEquals(cells, [
    { kind: "markdown", source: "# Title\n\nText." },
    { kind: "code", source: 'console.log("first");\nconst a = 1;\na;' },
    { kind: "code", source: "({ a });" },
  ]);
});

Deno.test("the notebook is committed with its outputs, its pictures, and no path of a machine", () => {
  const code = committed.cells.filter(({ cell_type: kind }) => kind === "code");
  const silent = code.filter(({ outputs }) => outputs!.length === 0);
  // What imports, and what cleans up.
  assertEquals(silent.map(({ id }) => id), [code[0].id, code.at(-1)!.id]);
  const outputs = code.flatMap(({ outputs }) => outputs!);
  assertEquals(outputs.filter((one) => one.output_type === "error"), []);
  const pictures = outputs.filter(({ data = {} }) => "image/svg+xml" in data);
  assert(pictures.length >= 8, `${pictures.length}`);
  for (const { data } of pictures) {
    assertStringIncludes(textOf(data!["image/svg+xml"]), "<svg");
    assertStringIncludes(textOf(data!["text/html"]), 'src="data:image/svg+xml;base64,');
  }
  for (const path of ["file://", "/home/", "/root/", "/tmp/", "/Users/", EXAMPLES.pathname]) {
    assert(!text.includes(path), path);
  }
  assert(text.length < 400_000, `${text.length}`);
});

Deno.test("the script of the notebook runs by itself", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT.pathname],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(code, 0);
  const printed = new TextDecoder().decode(stdout);
  assertStringIncludes(printed, "11 gradients\n  gradient         shape     mean |dJ/dw|");
  assertStringIncludes(printed, "11 activations\n");
  assertStringIncludes(printed, "study of exercise: 72 of 72 points");
  assert(printed.length < 20_000, `${printed.length}`);
});

const reason = await whyNot();

Deno.test({
  name: `the notebook runs in the Deno kernel${reason === null ? "" : `: not here, ${reason}`}`,
  ignore: reason !== null,
  async fn() {
    const executed = await runNotebook(notebookOf(cellsOf(script)), EXAMPLES.pathname);
    assertEquals(shownBy(executed), shownBy(committed));
  },
});
