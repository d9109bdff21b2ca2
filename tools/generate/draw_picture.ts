/**
 * Draws the pictures of the README and of the guides: the output of `report --format svg` for the
 * exercise's network, for each model in docs/illnesses, for a PyTorch program and for weights alone,
 * that of `scale`, a badge, and the pages of the gallery.
 * Run it as `deno task picture`; with `--check` it writes nothing and fails if a picture is not up
 * to date.
 *
 * @module
 */
import { drawPages } from "./draw_pages.ts";

const ROOT = new URL("../../", import.meta.url);
const ILLNESSES = "docs/illnesses/";
const IMAGE = "--format svg --trial off";

/** Returns the commands that draw the images, by their names. */
function commands(): Map<string, string> {
  const illnesses = [...Deno.readDirSync(new URL(ILLNESSES, ROOT))].map(({ name }) => name);
  return new Map([
    ["exercise", `report ${IMAGE}`],
    ...illnesses.toSorted().map((file): [string, string] => [
      file.replace(/\.ts$/, ""),
      `report ${ILLNESSES}${file} ${IMAGE}`,
    ]),
    [
      "torch",
      "report examples/torch/classifier.pt2 --batch examples/torch/classifier.npz " +
      `--objective cross_entropy ${IMAGE}`,
    ],
    ["weights", "report fixtures/files/peers/transformer.safetensors --format svg"],
    ["scale", "scale examples/growing.ts --widths 64,128,256,512 --format svg"],
    ["badge", "check --config examples/gated/gradient-health.json --format badge"],
  ]);
}

/**
 * Draws an image that is the same on every machine: relaxed SIMD would change figures by about
 * 4e-7.
 */
async function draw(command: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "mod.ts", ...command.split(" "), "--portable", "--quiet"],
    cwd: ROOT,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}

/** Draws the images whose text has changed, and returns their paths. */
async function drawImages(check: boolean): Promise<string[]> {
  const drawn: string[] = [];
  for (const [name, command] of commands()) {
    const picture = `docs/pictures/${name}.svg`;
    const file = new URL(picture, ROOT);
    const text = await draw(command);
    if (await Deno.readTextFile(file).catch(() => null) === text) continue;
    if (!check) await Deno.writeTextFile(file, text);
    drawn.push(picture);
  }
  return drawn;
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  for (const path of [...await drawImages(check), ...await drawPages(check)]) {
    console.log(check ? `${path} is not what deno task picture draws` : path);
    if (check) Deno.exitCode = 1;
  }
}
