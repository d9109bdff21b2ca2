import { type Comparison, TOLERANCE } from "./compare_figures.ts";
import { formatNumber } from "../../src/ground/words/numbers.ts";
import { crossoverOf } from "./find_crossover.ts";
import { isUnable, type Results, type Times, type Unable } from "./results.ts";
import { matrix, table } from "./table.ts";

const NETWORKS: Readonly<Record<string, string>> = {
  exercise: "the exercise's",
  dense: "10 x 512 tanh, batch 64",
  convnet: "convnet on digits, batch 64",
  lstm: "embedding + LSTM, batch 16",
  resnet: "ResNet-20, batch 32",
  transformer: "transformer of 4 blocks, batch 16",
};

const nameOf = (network: string) => NETWORKS[network] ?? network;

/** Why figures of a tool and those of this one differ, where that was found out: by network and tool. */
const CAUSES: readonly [network: RegExp, tool: RegExp, cause: string][] = [
  [
    /^exercise$/,
    /./,
    "tanh is saturated, and float32 rounds the 1 - a^2 of a unit near 1: PyTorch's own float32 is off there as well",
  ],
  [
    /^resnet$/,
    /^stock/,
    "`predict` normalises with the moving statistics, which of a fresh network are 0 and 1; training takes the batch's",
  ],
  [
    /^resnet$/,
    /./,
    "float32 is at its limit: the first column shows how near this tool is to float64. Most likely last bits of the " +
    "batch's statistics turn relu units near 0 on or off",
  ],
];

/** docs/peers.md, of what was measured. */
export function renderPeers(results: Results): string {
  return [
    INTRODUCTION,
    ...results.machine === undefined ? [] : [`Machine: ${results.machine}.`],
    ...versionParts(results),
    ...figureParts(results),
    ...coldParts(results),
    ...warmParts(results),
    ...crossoverParts(results),
    ...installedParts(results),
  ].join("\n\n") + "\n";
}

const INTRODUCTION = `# Beside PyTorch, Keras and stock TensorFlow.js

The same job, written as a user of each would write it: load the network from the tool's own file, run one forward and
one backward pass on the same batch, and print the mean absolute activation, gradient and weight gradient of each
layer. The programs are in \`bench/peers/\`; \`deno task bench:peers\` runs them and writes this page. What PyTorch and
Keras say of smaller versions of these networks is kept in \`fixtures/files/peers\`, and every run of the tests compares
with it.`;

function versionParts({ versions }: Results): string[] {
  if (versions === undefined) return [];
  return [table(
    ["tool", "versions"],
    Object.entries(versions).map(([tool, parts]) => [
      tool,
      Object.entries(parts).map(([name, version]) => `${name} ${version}`).join(", "),
    ]),
  )];
}

function figureParts({ figures }: Results): string[] {
  if (figures === undefined) return [];
  return [
    "## The same figures",
    `The largest relative difference to this tool's, and of how many figures. Where figures differ by more than ` +
    `${
      TOLERANCE.toExponential(0)
    }, it says how many do, and how many of these this tool and the other have nearer to ` +
    "PyTorch's run in float64. Differences below 1e-7 of the largest figure of the kind are rounding and left out.",
    matrix(figures, nameOf, differenceOf),
    ...causesOf(figures),
  ];
}

function differenceOf({ compared, worst, apart, nearer }: Comparison): string {
  const all = `${worst === 0 ? "0" : worst.toExponential(1)} of ${compared}`;
  if (apart.length === 0) return all;
  if (nearer.own + nearer.other === 0) return `${all}; ${apart.length} differ`;
  const undecided = nearer.unknown === 0 ? "" : `, ${nearer.unknown} undecided`;
  return `${all}; ${apart.length} differ: ${nearer.own} to ${nearer.other}${undecided}`;
}

function causesOf(figures: NonNullable<Results["figures"]>): string[] {
  const lines = new Map<string, string[]>();
  for (const [network, own] of Object.entries(figures)) {
    for (const [tool, comparison] of Object.entries(own)) {
      if (isUnable(comparison) || comparison.apart.length === 0) continue;
      const found = CAUSES.find(([where, who]) => where.test(network) && who.test(tool));
      const cause = `${nameOf(network)}: ${found?.[2] ?? "the cause was not found"}`;
      lines.set(cause, [...lines.get(cause) ?? [], tool]);
    }
  }
  if (lines.size === 0) return [];
  return [[...lines].map(([cause, tools]) => `- ${cause} (${tools.join(", ")}).`).join("\n")];
}

const OWN = "this tool";

/** A figure with how many times this tool's it is. */
function beside(value: number, own: number | null, digits: number): string {
  const figure = value.toFixed(digits);
  return own === null || value === own ? figure : `${figure} (${(value / own).toPrecision(2)}x)`;
}

const ownOf = <T extends object>(by: Readonly<Record<string, T | Unable>>): T | null => {
  const own = by[OWN];
  return own === undefined || isUnable(own) ? null : own;
};

function coldParts({ cold }: Results): string[] {
  if (cold === undefined) return [];
  return [
    "## From the command to the figures",
    `Whole processes on one core, in seconds: the median of ${cold.rounds}, in turns, and how many times this tool's it ` +
    "is. Here `--trial off`, because the others do not train either. PyTorch is PyPI's wheel for " +
    "Linux, which brings CUDA.",
    matrix(cold.by, nameOf, ({ median }, own) => beside(median, ownOf(own)?.median ?? null, 2)),
    "The most memory that such a process holds at once, in MiB:",
    matrix(cold.by, nameOf, ({ peak }) => peak.toFixed(0)),
  ];
}

function warmParts({ warm }: Results): string[] {
  if (warm === undefined) return [];
  const median = (times: (one: { figures: Times; bare: Times }) => Times) =>
    Object.entries(warm.by).flatMap(([threads, by]) => [
      `On ${threads === "1" ? "one core" : `${threads} cores`}:`,
      matrix(by, nameOf, (one, own) => {
        const mine = ownOf(own);
        return beside(times(one).median, mine === null ? null : times(mine).median, 2);
      }),
    ]);
  return [
    "## A pass in a process that runs",
    `Milliseconds of a pass with its figures: the median of ${warm.rounds} turns, in each of which the fastest pass of 150 ` +
    "milliseconds counts. This tool takes nine figures of a tensor, the others one. TensorFlow and JAX run a " +
    "compiled graph.",
    ...median(({ figures }) => figures),
    "Forward and backward alone, without figures:",
    ...median(({ bare }) => bare),
  ];
}

function crossoverParts({ crossover }: Results): string[] {
  if (crossover === undefined) return [];
  const at = crossoverOf(crossover.sizes);
  const operations = (count: number) => `${(count / 1e9).toFixed(0)} G`;
  return [
    "## From which size on PyTorch is faster",
    `Whole processes, ten dense layers, two threads, the median of ${crossover.rounds} in seconds:`,
    table(
      ["operations of a pass", OWN, "PyTorch"],
      crossover.sizes.map((size) => [
        operations(size.operations),
        size.tool.toFixed(2),
        size.torch.toFixed(2),
      ]),
    ),
    at === null
      ? "Within these sizes neither overtakes the other."
      : `PyTorch's whole process is faster from about ${formatNumber(at)} operations a pass on.`,
  ];
}

function installedParts({ installed }: Results): string[] {
  if (installed === undefined) return [];
  return [
    "## Installed",
    "MiB on disk. Deno and what `report` downloads go together; the others need a Python beside their environment. " +
    "PyTorch is the wheel of PyPI, which brings CUDA.",
    table(
      ["what", "MiB"],
      Object.entries(installed).map(([what, size]) => [what, size.toFixed(0)]),
    ),
  ];
}
