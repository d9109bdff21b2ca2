/**
 * Packs a member of the workspace by itself: `deno run -A tools/bundle/member.ts engine FOLDER`.
 *
 * @module
 */
import { loadedWith, readImports } from "../../tests/read_imports.ts";
import configuration from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

/** Configuration of a member. */
interface Member {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
}

/** Returns the name of an imported package, as it is in the table of imports. */
const packageOf = (specifier: string) =>
  Object.keys(configuration.imports).find((name) =>
    specifier === name || specifier.startsWith(`${name}/`)
  );

/**
 * Writes the package of a member: its modules and those that they import, in the folders of the checkout, and
 * what `deno publish` needs.
 *
 * @param member Folder in `src/`.
 * @param folder Folder of the package, which is made.
 * @returns Paths of the modules, from `src/`.
 */
export async function writeMember(member: string, folder: string): Promise<string[]> {
  const source = new URL(`src/${member}/`, ROOT);
  const { name, version, license, exports }: Member = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", source)),
  );
  const imports = await readImports(new URL("src/", ROOT));
  const entries = Object.values(exports).map((path) => `${member}/${path.slice(2)}`);
  const reached = loadedWith(imports, entries, ["value", "type", "late", "path"]);
  const modules = reached.filter((path) => /^\w+\//.test(path) && path.endsWith(".ts"));
  const packages = new Set(reached.flatMap((path) => packageOf(path) ?? []));
  for (const path of modules) {
    const to = `${folder}/src/${path}`;
    await Deno.mkdir(to.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(new URL(`src/${path}`, ROOT), to);
  }
  await Deno.copyFile(new URL("README.md", source), `${folder}/README.md`);
  await Deno.copyFile(new URL("LICENSE", ROOT), `${folder}/LICENSE`);
  const packed = {
    name,
    version,
    license,
    exports: Object.fromEntries(
      Object.entries(exports).map(([key, path]) => [key, `./src/${member}/${path.slice(2)}`]),
    ),
    imports: Object.fromEntries(
      Object.entries(configuration.imports).filter(([key]) => packages.has(key)),
    ),
  };
  await Deno.writeTextFile(`${folder}/deno.json`, `${JSON.stringify(packed, null, 2)}\n`);
  return modules;
}

if (import.meta.main) {
  const [member, folder] = Deno.args;
  if (folder === undefined) {
    console.error("deno run -A tools/bundle/member.ts MEMBER FOLDER");
    Deno.exit(2);
  }
  await Deno.mkdir(folder, { recursive: true });
  console.log(`${(await writeMember(member, folder)).length} modules`);
}
