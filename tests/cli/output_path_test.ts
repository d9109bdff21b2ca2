import { assertEquals } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const NET = `const elsewhere = Deno.makeTempDirSync();
Deno.chdir(elsewhere);
export const createModel = ({ tf }) => tf.sequential({
  layers: [1, 2].map((units) => tf.layers.dense({ units, inputShape: [4] })),
});
`;

Deno.test("a result goes where it was claimed, though the model changes the working directory", () =>
  withGateFolder([], { "net.ts": NET }, async (cwd) => {
    const written = {
      "report.json": ["report", "net.ts", "--out", "report.json"],
      "gate.json": ["check", "net.ts", "--no-config", "--reporter", "json=gate.json"],
      "base.json": [
        "check",
        "net.ts",
        "--no-config",
        "--update-baseline",
        "--baseline",
        "base.json",
      ],
      "study.json": ["sweep", "net.ts", "--scale", "1", "--seeds", "1", "--out", "study.json"],
    };
    for (const [name, args] of Object.entries(written)) {
      const { code, stderr } = await runCommand(args, { cwd });
      assertEquals(code === 2, false, stderr);
      assertEquals((await Deno.stat(`${cwd}/${name}`)).isFile, true, name);
    }
  }));
