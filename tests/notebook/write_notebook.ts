/**
 * Writes examples/extracting-weights-and-gradients.ipynb from the script beside it, with its outputs:
 * `deno task notebook`. It needs Python with nbclient; `NOTEBOOK_PYTHON` names one that is not `python3`.
 *
 * @module
 */
import { cellsOf, notebookOf } from "./notebook_cells.ts";
import { runNotebook } from "./run_notebook.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

const script = await Deno.readTextFile(new URL("extracting_weights_and_gradients.ts", EXAMPLES));
const executed = await runNotebook(notebookOf(cellsOf(script)), EXAMPLES.pathname);
const file = new URL("extracting-weights-and-gradients.ipynb", EXAMPLES);
await Deno.writeTextFile(file, `${JSON.stringify(executed, null, 1)}\n`);
