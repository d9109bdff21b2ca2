import { assert, assertEquals } from "@std/assert";
import { readLatePaths } from "./read_late_paths.ts";

Deno.test("readLatePaths() finds modules that are loaded by a constant, and no others", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/src/batches`, { recursive: true });
    await Deno.writeTextFile(
      `${folder}/src/load.ts`,
      `import { a } from "./a.ts";
import "./b.ts";
/** As in "./said.ts". */
const { c } = await import("./c.ts") as typeof import("./c.ts");
const LATE = "./batches/late.ts";
const FILE = "model.json";
`,
    );
    const root = new URL(`file://${folder}/`);
    assertEquals(await readLatePaths(root, ["src/"]), [
      { from: "src/load.ts", to: "src/batches/late.ts", kind: "late" },
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readLatePaths() finds what reads pictures", async () => {
  const paths = await readLatePaths(new URL("../../", import.meta.url), ["src/model/"]);
  assert(paths.some(({ to }) => to === "src/model/batches/read_pictures.ts"));
});
