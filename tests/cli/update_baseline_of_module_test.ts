import { assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const MODEL = new URL("../../src/entry/model.ts", import.meta.url).href;

/** As modules import the types of this package, whose code names where a baseline usually lies. */
const NET = `import type { ModelModule } from "${MODEL}";
export const createModel: ModelModule["createModel"] = ({ tf }) =>
  tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [8] })] });
`;

Deno.test("check --update-baseline replaces the baseline of a module that imports this package", async () => {
  await withGateFolder([], { "net.ts": NET }, async (cwd) => {
    const update = ["check", "net.ts", "--update-baseline", "--trial", "off"];
    for (const said of ["stored the figures", "is up to date"]) {
      const { code, stderr } = await runCommand(update, { cwd });
      assertEquals(code, 0, stderr);
      assertStringIncludes(stderr, said);
    }
  });
});
