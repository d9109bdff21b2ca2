const GOLDEN = new URL("../../fixtures/golden/", import.meta.url);

/**
 * Does something in a folder of its own that holds golden models by their names, and then removes it.
 *
 * @param models Names of golden models.
 * @param files Other files by their paths; what is not text is written as JSON.
 * @param action Is given the folder's path.
 */
export async function withGateFolder(
  models: string[],
  files: Record<string, unknown>,
  action: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const model of models) {
      await Deno.mkdir(`${folder}/${model}`);
      for (const file of ["model.json", "weights.bin", "batch.json"]) {
        await Deno.copyFile(new URL(`${model}/${file}`, GOLDEN), `${folder}/${model}/${file}`);
      }
    }
    for (const [path, content] of Object.entries(files)) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    await action(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
