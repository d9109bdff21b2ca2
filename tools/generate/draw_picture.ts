/**
 * Draws the pictures of the README and of the guides: the output of `report --format svg` for the
 * exercise's network and for each model in docs/illnesses. Run it as `deno task picture`; with
 * `--check` it writes nothing and fails if a picture is not up to date.
 *
 * @module
 */
const ROOT = new URL("../../", import.meta.url);
const ILLNESSES = "docs/illnesses/";

/** Returns the models by the names of their pictures; `null` for the exercise's. */
function models(): [name: string, model: string | null][] {
  const files = [...Deno.readDirSync(new URL(ILLNESSES, ROOT))].map(({ name }) => name);
  return [
    ["exercise", null],
    ...files.toSorted().map((file): [string, string] => [
      file.replace(/\.ts$/, ""),
      `${ILLNESSES}${file}`,
    ]),
  ];
}

/**
 * Draws a picture that is the same on every machine: relaxed SIMD would change figures by about
 * 4e-7.
 */
async function draw(model: string | null): Promise<string> {
  const options = ["--format", "svg", "--portable", "--trial", "off", "--quiet"];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "mod.ts", "report", ...model === null ? [] : [model], ...options],
    cwd: ROOT,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  for (const [name, model] of models()) {
    const picture = `docs/pictures/${name}.svg`;
    const file = new URL(picture, ROOT);
    const drawn = await draw(model);
    if (await Deno.readTextFile(file).catch(() => null) === drawn) continue;
    if (check) {
      console.log(`${picture} is not what deno task picture draws`);
      Deno.exitCode = 1;
    } else {
      await Deno.mkdir(new URL(".", file), { recursive: true });
      await Deno.writeTextFile(file, drawn);
      console.log(picture);
    }
  }
}
