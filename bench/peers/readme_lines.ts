import { formatNumber } from "../../src/ground/words/numbers.ts";
import { crossoverOf } from "./find_crossover.ts";
import { isUnable, type Results, type Unable } from "./results.ts";

const OWN = "this tool";

/** Returns the README's lines about other tools: three, one of which a peer wins. */
export function readmeLines(results: Results): string {
  return [...coldLine(results), ...warmLine(results), ...sizeLine(results)].join("\n");
}

type By<T> = Readonly<Record<string, Readonly<Record<string, T | Unable>>>>;

/** Ratios of other tools' figures to this tool's, over the networks, for each tool. */
function ratios<T extends object>(by: By<T>, figure: (one: T) => number, tools: readonly string[]) {
  return tools.map((tool) => {
    const found = Object.values(by).flatMap((own) => {
      const mine = own[OWN];
      const other = own[tool];
      if (mine === undefined || other === undefined || isUnable(mine) || isUnable(other)) return [];
      return [figure(other) / figure(mine)];
    });
    return { tool, least: Math.min(...found), most: Math.max(...found), found };
  }).filter(({ found }) => found.length > 0);
}

const PEERS = ["PyTorch", "Keras on TensorFlow", "Keras on JAX"];

const times = (value: number) => value.toPrecision(2);

function coldLine({ cold, figures }: Results): string[] {
  if (cold === undefined) return [];
  const names = ratios(cold.by, ({ median }) => median, PEERS)
    .map(({ tool, least, most }, i) =>
      `${tool} ${i === 0 ? "takes " : ""}${times(least)} to ${times(most)}`
    );
  const networks = Object.keys(figures ?? cold.by).length;
  return [
    `- **From Enter to the printed figures** ${
      names.join(", ")
    } times as long (${networks} networks). PyTorch is PyPI's wheel for Linux, which brings CUDA.`,
  ];
}

function warmLine({ warm }: Results): string[] {
  const by = warm?.by["1"];
  if (by === undefined) return [];
  const peers = ratios(by, ({ figures }) => figures.median, PEERS).map(({ tool, least, found }) => {
    const wins = found.filter((ratio) => ratio < 1).length;
    const most = wins === 0 ? "" : `, by up to ${times(1 / least)} times`;
    return `${tool} in ${wins} of ${found.length} networks${most}`;
  });
  if (peers.length === 0) return [];
  return [
    `- **One more pass** on one core, in a process that runs, is faster with ${
      peers.join("; with ")
    }.`,
  ];
}

function sizeLine({ crossover, installed }: Results): string[] {
  if (crossover === undefined || installed === undefined) return [];
  const at = crossoverOf(crossover.sizes);
  const size = at === null
    ? ""
    : `; from ${formatNumber(at)} operations a pass on PyTorch's whole process is faster`;
  const own = installed["Deno"] + installed[OWN];
  return [
    `- **On disk** ${own.toFixed(0)} MiB with Deno, PyTorch ${
      installed["PyTorch"].toFixed(0)
    } MiB with CUDA${size}.`,
  ];
}
