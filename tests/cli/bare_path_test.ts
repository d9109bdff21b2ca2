import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { NETWORK, withModel } from "./with_model.ts";

Deno.test("a path in place of the subcommand means report", () =>
  withModel(async (folder) => {
    await Deno.writeTextFile(`${folder}/net.ts`, NETWORK);
    // The name says nothing, but the file is there: its reason comes from where models are loaded.
    await Deno.writeTextFile(`${folder}/net.h5`, "");
    for (const file of ["net.ts", "model.json", "net.h5"]) {
      const path = `${folder}/${file}`;
      const flags = ["--quiet", "--trial", "off"];
      const bare = await runCommand([path, ...flags]);
      assertEquals(bare, await runCommand(["report", path, ...flags]));
      assertEquals(bare.code, file === "net.h5" ? 2 : 0);
    }
    const { code, stdout } = await runCommand([`${folder}/net.ts`, "--help"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "report [MODEL] [flags]");
  }));

Deno.test("a path with the extension of a model that is not there is refused as by report", () =>
  assertRefuses(["none.ts", "--quiet"], "none.ts: there is no such file"));

Deno.test("a folder is no subcommand and no model, and neither is a file that may not be read", async () => {
  await assertRefuses(["tests"], "The subcommand tests is unknown, expected report, check");
  const { code, stderr } = await runCommand(["LICENSE"], { permissions: ["--no-prompt"] });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "The subcommand LICENSE is unknown");
});
