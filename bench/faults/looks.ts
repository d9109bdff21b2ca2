/** Look at the programs that rules are not tuned on. */
export interface Look {
  /** ISO date. */
  date: string;
  /** Commit whose rules were looked at. */
  commit: string;
  /** Number of programs. */
  programs: number;
}

/** Reads the looks so far. */
export async function readLooks(file: URL): Promise<Look[]> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Records one more look. */
export async function addLook(file: URL, programs: number): Promise<Look[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["describe", "--always", "--dirty"],
    cwd: new URL("./", import.meta.url),
  }).output();
  const commit = new TextDecoder().decode(stdout).trim();
  const date = `${new Date().toISOString().slice(0, 19)}Z`;
  const looks = [...await readLooks(file), { date, commit, programs }];
  await Deno.writeTextFile(file, `${JSON.stringify(looks, null, 2)}\n`);
  return looks;
}
