import { assertEquals } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { NETWORK } from "./with_model.ts";

Deno.test("nothing is written over what is read", () =>
  withGateFolder(
    [],
    {
      "net.js": NETWORK,
      "gradient-health.json": { models: [{ path: "net.js" }] },
      "batch.json": {},
    },
    async (cwd) => {
      const refused = (line: string, file: string) =>
        assertRefuses(line.split(" "), `would replace ${file}, which is read`, { cwd });
      await Deno.symlink("net.js", `${cwd}/link.js`);
      await refused("report net.js --out ./net.js", "./net.js");
      await refused("report net.js --out link.js", "link.js");
      await refused("report net.js --batch batch.json --out batch.json", "batch.json");
      await refused("report model.json --register net.js --out net.js", "net.js");
      await refused("sweep net.js --out net.js", "net.js");
      await refused("sweep net.js --batch batch.json --out batch.json", "batch.json");
      await refused("check --reporter text --reporter json=net.js", "net.js");
      await refused("check --reporter sarif=gradient-health.json", "gradient-health.json");
      const { code } = await runCommand(["check", "--update-baseline", "--quiet"], { cwd });
      assertEquals(code, 0);
      const baseline = "gradient-health.baseline.json";
      await refused(`check --reporter json=${baseline}`, baseline);
      assertEquals(await Deno.readTextFile(`${cwd}/net.js`), NETWORK);
    },
  ));

Deno.test("a path through a file is refused in words", () =>
  withGateFolder(
    [],
    { "net.js": NETWORK },
    (cwd) =>
      assertRefuses(["report", "net.js/"], "net.js/: a part of its path is not a folder", { cwd }),
  ));
