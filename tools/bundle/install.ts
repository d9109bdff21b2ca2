import configuration from "../../deno.json" with { type: "json" };
import { copyFiles, writePackage } from "./bundle.ts";

/** Members of the workspace that take the place of packages of JSR. */
export const STD = configuration.workspace.filter((member) => member.startsWith("./std/"));

/**
 * Makes the folder of a user who has the package from its tarball. The packages of JSR that it needs
 * are those of std/, so that a machine without JSR can run it.
 *
 * @param folder An empty folder, in which `package/` will have the package.
 */
export async function installPackage(folder: string): Promise<void> {
  await writePackage(`${folder}/built`);
  await Deno.mkdir(`${folder}/package`);
  for (const line of ["-czf built.tgz -C built .", "-xzf built.tgz -C package"]) {
    const command = new Deno.Command("tar", { args: line.split(" "), cwd: folder });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }
  await Deno.remove(`${folder}/built`, { recursive: true });
  await Deno.remove(`${folder}/built.tgz`);
  await copyFiles(folder, ["std/", "deno.lock"]);
  const settings = {
    imports: {
      [configuration.name]: `jsr:${configuration.name}@${configuration.version}`,
      "@std/assert": configuration.imports["@std/assert"],
    },
    links: ["./package", ...STD],
    allowScripts: configuration.allowScripts,
  };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(settings));
}
