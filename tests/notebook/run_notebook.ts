import type { Notebook } from "./notebook_cells.ts";

/** Python with nbclient: what `NOTEBOOK_PYTHON` names, or the `python3` on the path. */
const PYTHON = Deno.env.get("NOTEBOOK_PYTHON") ?? "python3";

/** Why no notebook can be run here; `null` where one can. */
export async function whyNot(): Promise<string | null> {
  try {
    const { success } = await new Deno.Command(PYTHON, {
      args: ["-c", "import nbclient, nbformat"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? null : `${PYTHON} has no nbclient`;
  } catch {
    return `there is no ${PYTHON}`;
  }
}

/**
 * Runs a notebook in the kernel of this Deno, through nbclient. The kernel is known to it by a temporary folder;
 * nothing is installed.
 *
 * @param notebook The notebook.
 * @param folder Where it lies: paths in it are told from there.
 * @returns The notebook with its outputs.
 */
export async function runNotebook(notebook: Notebook, folder: string): Promise<Notebook> {
  const home = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${home}/kernels/deno`, { recursive: true });
    const kernel = {
      argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
      display_name: "Deno",
      language: "typescript",
    };
    await Deno.writeTextFile(`${home}/kernels/deno/kernel.json`, JSON.stringify(kernel));
    const child = new Deno.Command(PYTHON, {
      args: [new URL("execute.py", import.meta.url).pathname, folder],
      env: { JUPYTER_PATH: home, JUPYTER_RUNTIME_DIR: `${home}/runtime`, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(notebook)));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    if (!success) throw new Error(`The notebook failed: ${new TextDecoder().decode(stderr)}`);
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
