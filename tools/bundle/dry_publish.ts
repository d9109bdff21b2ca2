/**
 * Checks that the package can be published, types included: `deno task publish:dry`. The packages
 * of JSR come from the workspace members in std/, so that a machine without JSR can check it.
 */
import { copyFiles, writePackage } from "./bundle.ts";
import { STD } from "./install.ts";

const folder = await Deno.makeTempDir();
try {
  await writePackage(`${folder}/package`);
  await copyFiles(folder, ["std/"]);
  await Deno.writeTextFile(
    `${folder}/deno.json`,
    JSON.stringify({ workspace: ["./package", ...STD] }),
  );
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--quiet"],
    cwd: `${folder}/package`,
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}
