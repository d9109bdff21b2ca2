import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseReport } from "../../src/entry/render.ts";
import { fixture } from "../torch/fixture.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const MLP = fixture("mlp.safetensors"), DRAWN = fixture("drawn.safetensors");

const JUDGED = /weights only, 6 of \d+ rules\)?$/m;

Deno.test("report shows weights alone: what they are first, then what judges them", async () => {
  const { code, stdout, stderr } = await runCommand(["report", MLP, "--quiet"]);
  assertEquals([code, stderr], [0, ""]);
  const [first] = stdout.split("\n");
  assertMatch(first, /^No finding \(weights only, 6 of \d+ rules\)$/);
  assertStringIncludes(stdout, "PyTorch's default");
  assertEquals(/no verdict|no pass|NaN/i.test(stdout), false, stdout);
});

Deno.test("report writes weights alone as JSON, which is read again", async () => {
  const { stdout } = await runCommand(["report", MLP, "--quiet", "--format", "json"]);
  const { measurements } = parseReport(stdout);
  assertEquals(measurements.weightsOnly, { format: "safetensors", notes: [] });
  assertEquals(measurements.layers[0].weights[0].shape, [64, 32]);
});

Deno.test("weights alone are never called healthy, in any format, and pass the gate", async () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand([...args, "--quiet"]);
    assertEquals([args, code, stderr], [args, 0, ""]);
    assertEquals(/>HEALTHY|HEALTHY$|is healthy/m.test(stdout), false, stdout);
    return stdout;
  };
  const NO_FINDING = "No finding (weights only, 6 of 22 rules)";
  assertEquals(
    JSON.parse(await run("report", MLP, "--format", "json")).diagnosis.verdict,
    "unjudged",
  );
  assertMatch(
    await run("report", MLP, "--format", "html"),
    /<h1 class="verdict unjudged">No finding <span class="judged">weights only, 6 of 22 rules</,
  );
  assertMatch(
    await run("report", MLP, "--format", "svg"),
    /class="verdict unjudged"[^>]*>No finding/,
  );
  const check = ["check", MLP, "--no-config", "--reporter"];
  const text = await run(...check, "text");
  assertStringIncludes(text, `\n${NO_FINDING}\n`);
  assertStringIncludes(
    text,
    "Gate passed. The model has no finding, but was not judged in full.",
  );
  assertStringIncludes(await run(...check, "markdown"), "has no finding, but was not judged");
  assertStringIncludes(await run(...check, "badge"), "no finding, weights only");
  assertStringIncludes(await run(...check, "html"), '<b class="unjudged">No finding</b>');
  assertEquals(JSON.parse(await run(...check, "json")).runs[0].diagnosis.verdict, "unjudged");
  for (const format of ["junit", "sarif", "github"]) await run(...check, format);
  await run("check", MLP, "--no-config", "--fail-on", "weak");
});

Deno.test("check fails on weights that no network trains with, in every format", async () => {
  const { code, stdout } = await runCommand(["check", DRAWN, MLP, "--quiet", "--no-config"]);
  assertEquals(code, 1);
  assertMatch(stdout, JUDGED);
  assertStringIncludes(stdout, "1 of 2 models is sick");
  for (const format of ["json", "junit", "sarif", "markdown", "github"]) {
    const { code, stdout, stderr } = await runCommand(
      ["check", DRAWN, "--quiet", "--no-config", "--reporter", format],
    );
    assertEquals([format, code, stderr], [format, 1, ""]);
    assertMatch(stdout, /huge/);
  }
});

Deno.test("check needs no permission but to read the file and this package", async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const { code, stderr } = await runCommand(["check", MLP, "--quiet", "--no-config"], {
    permissions: ["--no-prompt", `--allow-read=${root}`],
  });
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("report refuses flags of a pass on weights alone", async () => {
  const flags = [["--batch", "b.json"], ["--objective", "sum"], ["--half"], ["--weights", DRAWN]];
  for (const flag of flags) {
    const sentence = `${flag[0]} is given with MODEL `;
    await assertRefuses(["report", MLP, ...flag], [sentence, "which holds only weights"]);
  }
});

Deno.test("report says that a seed changes nothing of weights alone", async () => {
  const { stderr } = await runCommand(["report", MLP, "--seed", "3"]);
  assertStringIncludes(stderr, "the weights are those of the file, whatever --seed says");
});

Deno.test("report and check refuse a damaged file in one sentence", async () => {
  const folder = await Deno.makeTempDir();
  const bytes = await Deno.readFile(MLP);
  await Deno.writeFile(`${folder}/cut.safetensors`, bytes.subarray(0, 5000));
  await Deno.writeFile(`${folder}/cut.pt`, bytes);
  await assertRefuses(["report", `${folder}/cut.safetensors`], "truncated");
  await assertRefuses(["report", `${folder}/cut.pt`], "expected a zip archive or a pickle");
  await assertRefuses(["report", `${folder}/none.pth`], "there is no such file");
  const { code, stderr } = await runCommand(["check", `${folder}/cut.pt`, "--no-config"]);
  assertEquals([code, stderr.trimEnd().split("\n").length], [2, 1], stderr);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("sweep refuses weights alone, and says what takes them", async () => {
  await assertRefuses(["sweep", MLP], ["it holds weights without layers", "--weights"]);
});

Deno.test("diff compares two files of weights alone, which have no loss", async () => {
  const { code, stdout } = await runCommand(["diff", MLP, fixture("mlp.pt"), "--quiet"]);
  assertEquals(code, 0, stdout);
  assertEquals(/Loss|Objective/.test(stdout), false, stdout);
});

Deno.test("report shows weights alone as a page and as an image", async () => {
  const { code, stdout } = await runCommand(["report", MLP, "--quiet", "--format", "html"]);
  assertEquals(code, 0);
  assertEquals(stdout.includes("no pass was run"), false);
  const image = await runCommand(["report", MLP, "--quiet", "--format", "svg"]);
  assertEquals(image.code, 0);
  assertMatch(image.stdout, /^<svg[^]*weights only, [^]*rms\(kernel\)/);
  // A normalisation has no kernel, so it has no row.
  const peer = fixture("peers/transformer.safetensors");
  const { stdout: rows } = await runCommand(["report", peer, "--quiet", "--format", "svg"]);
  assertEquals(rows.match(/>(?:norm_1a|up_1)</g), [">up_1<"]);
});

Deno.test("fix refuses weights alone", async () => {
  await assertRefuses(["fix", DRAWN], [
    "which holds only weights",
    "expected a model.json, a .keras or .h5 file, or a module",
  ]);
});
