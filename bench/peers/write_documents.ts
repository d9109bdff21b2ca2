import { renderPeers } from "./render_peers.ts";
import { readmeLines } from "./readme_lines.ts";
import type { Results } from "./results.ts";

const root = new URL("../../", import.meta.url);

/** Place of the README's lines about other tools. */
export const README_PLACE = /(<!-- peers: [^\n]*-->\n)[^]*?(<!-- end of peers -->)/;

/** Writes docs/peers.md and the lines of the README. */
export async function writeDocuments(results: Results): Promise<void> {
  const files = [new URL("docs/peers.md", root), new URL("README.md", root)];
  const readme = await Deno.readTextFile(files[1]);
  if (!README_PLACE.test(readme)) throw new Error("The README has no place for the figures");
  await Deno.writeTextFile(files[0], renderPeers(results));
  await Deno.writeTextFile(
    files[1],
    readme.replace(
      README_PLACE,
      (_, start: string, end: string) => `${start}\n${readmeLines(results)}\n\n${end}`,
    ),
  );
  await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", ...files.map(({ pathname }) => pathname)],
  }).output();
}
