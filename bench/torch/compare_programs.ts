/**
 * Compares `report NAME.pt2` with what PyTorch makes of the same programs in float64.
 *
 *     deno run -A bench/torch/compare_programs.ts FOLDER [NAME...]
 *
 * FOLDER is what make_programs.py wrote. A program agrees if its objective is within 1e-4 and the
 * mean |dJ/dw| of every parameter within 1e-3 of PyTorch's in float64, both relative, or within 3
 * times the largest error that PyTorch itself makes in float32. The table is Markdown.
 */

/** Objective, and mean |dJ/dw| of each parameter. */
interface Figures {
  value: number;
  gradients: Record<string, number | null>;
}

/** Files that make_programs.py wrote for a program. */
interface Program extends Figures {
  name: string;
  objective: string | null;
  float32: Figures;
}

/** The part of a report's JSON that is compared. */
interface Report {
  diagnosis: { verdict: string };
  objective: { value: number };
  layers: { weights: { name: string; gradients: { meanAbs: number } | null }[] }[];
}

const OBJECTIVE_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

/**
 * Gradients below this share of the largest are zero in exact arithmetic (a bias in front of a
 * batch normalisation), and are rounding errors in both programs.
 */
const ROUNDING = 1e-6;

const [folder, ...chosen] = Deno.args;
const names = chosen.length > 0 ? chosen : await namesIn(folder);

console.log("| program | parameters | objective | gradients | in float32 | verdict | result |");
console.log("| --- | ---: | ---: | ---: | ---: | --- | --- |");
let agreed = 0;
for (const name of names) {
  const row = await compare(name);
  if (row.endsWith("agrees |")) agreed++;
  console.log(row);
}
console.log(`\n${agreed} of ${names.length} agree.`);

async function namesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".pt2")) found.push(name.slice(0, -".pt2".length));
  }
  return found.sort();
}

async function compare(name: string): Promise<string> {
  const program: Program = JSON.parse(await Deno.readTextFile(`${folder}/${name}.json`));
  const { report, error } = await run(program);
  const count = Object.keys(program.gradients).length;
  if (report === null) return `| ${name} | ${count} | | | | | ${error} |`;

  const objective = relative(report.objective.value, program.value);
  const measured: Record<string, number> = {};
  for (const { weights } of report.layers) {
    for (const { name, gradients } of weights) {
      if (gradients !== null) measured[name] = gradients.meanAbs;
    }
  }
  const missing = Object.keys(program.gradients).filter((key) =>
    program.gradients[key] !== null && measured[key] === undefined
  );
  const ours = largestError(measured, program.gradients);
  const theirs = largestError(program.float32.gradients, program.gradients);
  const agrees = objective <= OBJECTIVE_TOLERANCE &&
    ours <= Math.max(GRADIENT_TOLERANCE, 3 * theirs);
  let result = agrees ? "agrees" : "differs";
  if (missing.length > 0) result = `${missing.length} missing (${missing[0]})`;
  const figures = [objective, ours, theirs].map((figure) => figure.toExponential(1));
  return `| ${name} | ${count} | ${
    figures.join(" | ")
  } | ${report.diagnosis.verdict} | ${result} |`;
}

/** Returns the largest relative error of a mean |dJ/dw|, of those that are not rounding errors. */
function largestError(
  found: Record<string, number | null>,
  expected: Record<string, number | null>,
): number {
  const floor = Math.max(...Object.values(expected).map((value) => value ?? 0)) * ROUNDING;
  let largest = 0;
  for (const [key, exact] of Object.entries(expected)) {
    const value = found[key] ?? null;
    if (value === null || exact === null || Math.max(value, exact) < floor) continue;
    largest = Math.max(largest, relative(value, exact));
  }
  return largest;
}

/** Runs the command as a user does; the error is the first line that it prints. */
async function run(program: Program): Promise<{ report: Report | null; error: string }> {
  const path = `${folder}/${program.name}`;
  const args = ["run", "-A", "mod.ts", "report", `${path}.pt2`, "--batch", `${path}.npz`];
  if (program.objective !== null) args.push("--objective", program.objective);
  args.push("--trial", "off", "--format", "json");
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder().decode(stdout);
  try {
    return { report: JSON.parse(text), error: "" };
  } catch {
    const lines = new TextDecoder().decode(stderr).split("\n").filter((line) => line !== "");
    return { report: null, error: (lines[0] ?? "no output").replaceAll("|", "/").slice(0, 200) };
  }
}

function relative(found: number, expected: number): number {
  return Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-12);
}
