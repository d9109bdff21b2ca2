/** Files and folders of the checkout that the package has, besides what is bundled. */
export const PACKED = [
  "src/",
  "docs/rules/",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "gradient-health.schema.json",
];

/** Files that only build the native module. */
const BUILD = /^src\/engine\/native\/(assembly\/|build\.ts|compile_assembly\.ts)/;

/** Yields paths of files relative to the root, and those of all files in folders. */
export async function* filesOf(root: URL, paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    if (BUILD.test(path)) continue;
    if (!path.endsWith("/")) {
      yield path;
      continue;
    }
    const entries = await Array.fromAsync(Deno.readDir(new URL(path, root)));
    const inside = entries.map(({ name, isDirectory }) =>
      `${path}${name}${isDirectory ? "/" : ""}`
    );
    yield* filesOf(root, inside.sort());
  }
}
