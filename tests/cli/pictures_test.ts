import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withFolder } from "../core/model/save_model.ts";
import { readFlag } from "./listed_flags.ts";
import { runCommand } from "./run_command.ts";

const QUICK = ["--trial", "off", "--quiet"];

Deno.test(
  "report writes a page and opens it; half-precision judges nothing that only the page asked for",
  {
    ignore: Deno.build.os !== "linux",
  },
  () =>
    withFolder(async (folder) => {
      const opened = `${folder}/opened`;
      // Moved there when it is written: a file that is there is read at once.
      const script = `#!/bin/sh\necho "$1" >"${opened}.new" && mv "${opened}.new" "${opened}"\n`;
      await Deno.writeTextFile(`${folder}/xdg-open`, script, { mode: 0o755 });
      const out = `${folder}/report.html`;
      const env = { PATH: `${folder}:${Deno.env.get("PATH")}` };
      const args = ["report", "--format", "html", "--out", out, "--open", ...QUICK];
      const { code, stdout, stderr } = await runCommand(args, { env });
      assertEquals([code, stdout, stderr], [0, "", ""]);
      const page = await Deno.readTextFile(out);
      assertMatch(page, /<figure class="hist"/);
      assertEquals(page.match(/half-precision/g), null);
      // The program is not waited for.
      for (let i = 0; i < 100 && !await Deno.stat(opened).catch(() => null); i++) {
        await new Promise((go) => setTimeout(go, 50));
      }
      assertEquals(await Deno.readTextFile(opened), `${out}\n`);
    }),
);

Deno.test("a page and an image need no permission beside those of a report", () =>
  withFolder(async (folder) => {
    const read = await readFlag("report", folder);
    for (const format of ["html", "svg"]) {
      const out = `${folder}/report.${format}`;
      const { code, stderr } = await runCommand(
        ["report", "--format", format, "--out", out, "--threads", "1", ...QUICK],
        {
          permissions: ["--no-prompt", read, `--allow-write=${folder}`],
        },
      );
      assertEquals([code, stderr], [0, ""]);
      assert((await Deno.stat(out)).size > 5000);
    }
  }));

Deno.test("--open says what it lacks: a file, or the program that opens it", () =>
  withFolder(async (folder) => {
    for (const command of [["report"], ["check", `${folder}/model.ts`]]) {
      const { code, stderr } = await runCommand([...command, "--open"]);
      assertEquals(code, 2);
      assertStringIncludes(stderr, "--open has no file to open, expected --out FILE");
    }
    const out = `${folder}/report.svg`;
    const { code, stderr } = await runCommand(
      ["report", "--format", "svg", "--out", out, "--open", ...QUICK],
      { permissions: ["--no-prompt", "--allow-read", "--allow-write"] },
    );
    assertEquals(code, 0);
    assertMatch(stderr, /^warning: .*report\.svg is written, but [a-z-]+ cannot open it: .+\n$/);
    assert((await Deno.stat(out)).isFile);
  }));
