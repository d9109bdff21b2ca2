import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { BROKEN, HEALTHY, model } from "./gate_models.ts";
import { runCommand } from "./run_command.ts";

const WARNED = "relu_he";

const batch = (name: string) => ["--batch", `${name}/batch.json`];

Deno.test("check exits with 0 where nothing is wrong, and says so", async () => {
  await withGateFolder([HEALTHY], {}, async (cwd) => {
    // Deep chains are tried even where one pass finds nothing.
    const args = ["check", model(HEALTHY), "--trial", "off"];
    const { code, stdout } = await runCommand(args, { cwd });
    assertEquals(code, 0, stdout);
    assertEquals(
      stdout,
      `== ${model(HEALTHY)}, seed 0\nHEALTHY\n\nGate passed. The model is healthy.\n`,
    );
  });
});

Deno.test("check exits with 0 on a weak model, and with 1 if weak models or a number of warnings fail", async () => {
  const strict = { rules: { "init-scale": ["error", { initScaleWarning: 1 }] } };
  await withGateFolder([WARNED], { "gradient-health.json": strict }, async (cwd) => {
    const given = [["--max-warnings", "99"], ["--max-warnings", "0"], ["--fail-on", "weak"]];
    const [passed, ...failed] = await Promise.all(
      given.map((flags) =>
        runCommand(["check", model(WARNED), "--trial", "off", ...flags, ...batch(WARNED)], { cwd })
      ),
    );
    assertStringIncludes(passed.stdout, "\nWEAK: 1 warning\n1. The kernel");
    assertEquals([passed, ...failed].map(({ code }) => code), [0, 1, 1]);
    for (const { stdout } of failed) {
      assertStringIncludes(stdout.replaceAll("\n", " "), "and none is allowed.");
    }
  });
});

Deno.test("check exits with 1 on an error", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const { code, stdout } = await runCommand(["check", model(BROKEN)], { cwd });
    assertEquals(code, 1);
    assertStringIncludes(stdout, "\nSICK: 1 cause\n1. The biases of dense_3 are -100");
    assertStringIncludes(
      stdout,
      "\n   Fix: Start the bias of dense_3 at 0.\n   Tried: the model is then HEALTHY; ",
    );
    assertStringIncludes(
      stdout,
      "--details shows every finding.\nGate failed. The model is sick: 1",
    );
    assert(!stdout.includes("ERROR"), stdout);
  });
});

for (const [what, code] of [[model(HEALTHY), 0], [model(BROKEN), 1], ["none.json", 2]] as const) {
  Deno.test(`check exits with ${code} on a full disk behind stderr`, async () => {
    await withGateFolder([HEALTHY, BROKEN], {}, async (cwd) => {
      const main = new URL("../../mod.ts", import.meta.url).pathname;
      const outcome = await new Deno.Command("bash", {
        args: ["-c", `"$DENO" run --no-check -A ${main} check ${what} 2> /dev/full`],
        cwd,
        env: { DENO: Deno.execPath(), NO_COLOR: "1" },
      }).output();
      assertEquals(outcome.code, code);
    });
  });
}

Deno.test("check ends quietly when its reader has seen enough", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const main = new URL("../../mod.ts", import.meta.url).pathname;
    const script =
      `"$DENO" run --no-check -A ${main} check ${
        model(BROKEN)
      } --quiet --reporter json | head -c 1; ` +
      `echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd,
      env: { DENO: Deno.execPath(), NO_COLOR: "1" },
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "{1\n");
    assertEquals(new TextDecoder().decode(stderr), "");
  });
});
