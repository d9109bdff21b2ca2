/**
 * Compares `report NAME.pt2` with what PyTorch makes of the same programs in float64.
 *
 *     deno run -A bench/torch/compare_programs.ts FOLDER [NAME...]
 *
 * FOLDER is what make_programs.py wrote. A program agrees if its objective is within 1e-4 and the
 * mean |dJ/dw| of every parameter within 1e-3 of PyTorch's, both relative. The table is Markdown.
 */

/** What make_programs.py wrote for one program. */
interface Program {
  name: string;
  objective: string | null;
  value: number;
  gradients: Record<string, number | null>;
}

/** The part of a report's JSON that is compared. */
interface Report {
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

console.log(
  "| program | parameters | objective | largest error of a gradient | seconds | result |",
);
console.log("| --- | ---: | ---: | ---: | ---: | --- |");
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
  const started = performance.now();
  const { report, error } = await run(program);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const count = Object.keys(program.gradients).length;
  if (report === null) return `| ${name} | ${count} | | | ${seconds} | ${error} |`;

  const objective = relative(report.objective.value, program.value);
  const measured = new Map<string, number>();
  for (const { weights } of report.layers) {
    for (const { name, gradients } of weights) {
      if (gradients !== null) measured.set(name, gradients.meanAbs);
    }
  }
  const values = Object.values(program.gradients).map((value) => value ?? 0);
  const floor = Math.max(...values) * ROUNDING;
  let worst = 0;
  const missing: string[] = [];
  for (const [key, expected] of Object.entries(program.gradients)) {
    const found = measured.get(key);
    if (found === undefined) {
      if (expected !== null) missing.push(key);
      continue;
    }
    if (Math.max(found, expected ?? 0) < floor) continue;
    worst = Math.max(worst, relative(found, expected ?? 0));
  }
  const agrees = missing.length === 0 && objective <= OBJECTIVE_TOLERANCE &&
    worst <= GRADIENT_TOLERANCE;
  let result = "differs";
  if (agrees) result = "agrees";
  else if (missing.length > 0) result = `${missing.length} missing (${missing[0]})`;
  return `| ${name} | ${count} | ${objective.toExponential(1)} | ${
    worst.toExponential(1)
  } | ${seconds} | ${result} |`;
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
