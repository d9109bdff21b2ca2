/**
 * The pages that the README and docs/gallery.md show as pictures. Chromium draws each a little
 * differently from version to version, so what is compared is the page: its hash is kept next to
 * the pictures, and a picture is made again only if its page has changed.
 *
 * @module
 */
const ROOT = new URL("../../", import.meta.url);
const FOLDER = "docs/pictures/pages/";
const HASHES = `${FOLDER}hashes.json`;
/** Page that is kept whole, for readers to open. */
const DEMO = { name: "sick", file: "docs/demo.html" };
const SIZE = { width: 1280, height: 760 };
/** Bytes of a picture: a repository keeps every version of it. */
const MAX_BYTES = 160_000;
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Arguments of `deno run -A` for each page. The last is a flag: the page's file follows. */
const PAGES: Record<string, string[]> = {
  sick: command("report"),
  healthy: command("report examples/resnet.ts"),
  transformer: command("report examples/transformer.ts"),
  gate: command("check --config docs/gallery/gate.json"),
  sweep: command("sweep --seeds 3"),
  ...Object.fromEntries(
    ["healthy", "rate-too-high", "rate-too-low", "nan", "overfitting"].map((name) => [
      `training-${name}`,
      ["examples/five_trainings.ts", name, "--html"],
    ]),
  ),
  scale: command("scale examples/growing.ts --widths 64,128,256,512"),
  weights: command("report fixtures/files/peers/transformer.safetensors"),
  diff: command("diff examples/digits.ts examples/digits_trained.ts"),
};

/** The same page on every machine: relaxed SIMD would change figures by about 4e-7. */
function command(words: string): string[] {
  return ["mod.ts", ...words.split(" "), "--format", "html", "--portable", "--quiet", "--out"];
}

/**
 * Draws the pictures whose pages have changed, and the demo.
 *
 * @param check True to write nothing.
 * @returns Paths of the files that were not up to date.
 */
export async function drawPages(check: boolean): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  const hashes = await readHashes();
  const drawn: string[] = [];
  try {
    for (const [name, args] of Object.entries(PAGES)) {
      const page = `${folder}/${name}.html`;
      const html = await writePage(args, page);
      const hash = await hashOf(html);
      if (name === DEMO.name && await replace(DEMO.file, html, check)) drawn.push(DEMO.file);
      const picture = `${FOLDER}${name}.png`;
      const isThere = await Deno.stat(new URL(picture, ROOT)).then(() => true, () => false);
      if (hashes[name] === hash && isThere) continue;
      if (!check) await takePicture(page, new URL(picture, ROOT));
      hashes[name] = hash;
      drawn.push(picture);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  if (!check) await replace(HASHES, `${JSON.stringify(hashes, null, 2)}\n`, false);
  return drawn;
}

async function readHashes(): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(new URL(HASHES, ROOT)).catch(() => "{}");
  return JSON.parse(text);
}

/** Writes a page, and returns it. A gate that fails and a training that is stopped exit with 1. */
async function writePage(args: readonly string[], page: string): Promise<string> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args, page],
    cwd: ROOT,
    stdout: "null",
  }).output();
  try {
    return await Deno.readTextFile(page);
  } catch {
    throw new Error(`${args.join(" ")} wrote no page: ${new TextDecoder().decode(stderr)}`);
  }
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

/** Returns true if a file did not have this text. */
async function replace(path: string, text: string, check: boolean): Promise<boolean> {
  const file = new URL(path, ROOT);
  if (await Deno.readTextFile(file).catch(() => null) === text) return false;
  if (!check) await Deno.writeTextFile(file, text);
  return true;
}

/** Has a browser draw the first screen of a page. */
async function takePicture(page: string, picture: URL): Promise<void> {
  await Deno.mkdir(new URL(FOLDER, ROOT), { recursive: true });
  const { success, stderr } = await runBrowser([
    "--headless",
    "--no-sandbox",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    `--window-size=${SIZE.width},${SIZE.height}`,
    `--screenshot=${picture.pathname}`,
    `file://${page}`,
  ]);
  if (!success) throw new Error(`No picture of ${page}: ${new TextDecoder().decode(stderr)}`);
  const { size } = await Deno.stat(picture);
  if (size > MAX_BYTES) throw new Error(`${picture.pathname} has ${size} bytes, over ${MAX_BYTES}`);
}

async function runBrowser(args: string[]): Promise<Deno.CommandOutput> {
  for (const name of BROWSERS) {
    try {
      return await new Deno.Command(name, { args }).output();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`A picture of a page needs a browser, one of ${BROWSERS.join(", ")}`);
}
