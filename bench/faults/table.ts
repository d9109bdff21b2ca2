import type { Peer, Program } from "./facts.ts";
import type { Look } from "./looks.ts";
import type { Truth } from "./truth.ts";
import type { Verdict } from "./verdict.ts";

/** Program with what training and the check show of it. */
export interface Judged {
  program: Program;
  buggy: Side;
  repair: Side;
}

/** The buggy or the repaired program. */
interface Side {
  truth: Truth;
  verdict?: Verdict;
}

/** Published results: by row, whether a tool named the fault; absent if it was not run. */
export type Published = Record<string, Partial<Record<Peer, boolean>>>;

/** Reads the published results. */
export async function readPublished(): Promise<Published> {
  return JSON.parse(await Deno.readTextFile(new URL("published.json", import.meta.url))).results;
}

const PEERS: Record<Peer, string> = {
  deepLocalize: "DeepLocalize",
  deepDiagnosis: "DeepDiagnosis",
  umlaut: "UMLAUT",
  autotrainer: "AUTOTRAINER",
  deepFD: "DeepFD",
  deFault: "DEFault",
};

/** Relation of the first cause to the published fault. */
export type Named = "right" | "another, fix works" | "later" | "wrong" | "nothing";

const kindOf = (cause: string) => cause.split(" ")[0];

/** Returns what the check names of the fault of a program. */
export function namedBy({ program, buggy: { verdict } }: Judged): Named {
  const kinds = verdict!.causes.map(kindOf);
  if (kinds.length === 0) return "nothing";
  if (program.causes.includes(kinds[0])) return "right";
  if (verdict!.tried) return "another, fix works";
  return kinds.some((kind) => program.causes.includes(kind)) ? "later" : "wrong";
}

/** Figure: a count of a total. */
export interface Share {
  of: number;
  are: number;
}

/** Figures of a table. */
export interface Figures {
  sickThatFailOrAreSlow: Share;
  failingThatAreSick: Share;
  failingThatAreHealthy: Share;
  trainingRepairsThatAreSick: Share;
  rightOfThoseInReach: Share;
  rightOrFixWorks: Share;
}

/** Counts the figures of all programs and their repairs. */
export function figuresOf(all: readonly Judged[]): Figures {
  const sides = all.flatMap(({ buggy, repair }) => [buggy, repair]);
  const is = (verdict: string) => (side: Side) => side.verdict!.verdict === verdict;
  const isGreen = (side: Side) => is("healthy")(side) && side.verdict!.causes.length === 0;
  const share = <T>(those: readonly T[], test: (one: T) => boolean): Share => ({
    of: those.length,
    are: those.filter(test).length,
  });
  const failing = sides.filter(({ truth }) => truth.outcome === "fails");
  const inReach = all.filter(({ program }) => program.inReach);
  const right = (one: Judged) => namedBy(one) === "right";
  return {
    sickThatFailOrAreSlow: share(
      sides.filter(is("sick")),
      ({ truth }) => truth.outcome !== "trains",
    ),
    failingThatAreSick: share(failing, is("sick")),
    failingThatAreHealthy: share(failing, isGreen),
    trainingRepairsThatAreSick: share(
      all.map(({ repair }) => repair).filter(({ truth }) => truth.outcome === "trains"),
      is("sick"),
    ),
    rightOfThoseInReach: share(inReach, right),
    rightOrFixWorks: share(inReach, (one) => right(one) || namedBy(one) === "another, fix works"),
  };
}

const percent = ({ are, of }: Share) =>
  of === 0 ? "none" : `${are}/${of} = ${Math.round(100 * are / of)} %`;

/** Renders the figures, the published results of others, and a line for each program. */
export function renderTable(
  all: readonly Judged[],
  { isHeldOut, looks, published }: {
    isHeldOut: boolean;
    looks: readonly Look[];
    published: Published;
  },
): string {
  const figures = figuresOf(all);
  const which = isHeldOut
    ? `Programs that rules are not tuned on, looked at ${times(looks.length)} so far.`
    : "Programs that rules may be tuned on: even posts and seeded faults.";
  const rows: [string, Share][] = [
    ["SICK that fail or are slow as compiled", figures.sickThatFailOrAreSlow],
    ["failing that are SICK", figures.failingThatAreSick],
    ["failing without error or warning", figures.failingThatAreHealthy],
    ["repaired and training that are SICK", figures.trainingRepairsThatAreSick],
    ["first cause right, of the faults in reach", figures.rightOfThoseInReach],
    ["the same, or another whose tried fix works", figures.rightOrFixWorks],
  ];
  return `# Published faults\n
${which} ${all.length} programs and their repairs. Made by \`deno task bench:faults${
    isHeldOut ? " --held-out" : ""
  }\`.\n
| figure | programs |\n| --- | --- |
${rows.map(([title, share]) => `| ${title} | ${percent(share)} |`).join("\n")}\n
## Beside other tools\n
Whether a tool names the published fault, of the programs on which it has a published result; beside it, how
often the first cause here is right on the same programs.\n
| tool | names the fault | gradient-health, first cause |\n| --- | --- | --- |
${peerRows(all, published).join("\n")}\n
## Programs\n
Outcome and progress of training as compiled (0: the best constant answer, 1: the best attainable), verdict,
and first cause.\n
| program | published fault | buggy: training | verdict | first cause | named | repaired: training | verdict |
| --- | --- | --- | --- | --- | --- | --- | --- |
${all.map(programRow).join("\n")}\n`;
}

const times = (count: number) => count === 1 ? "once" : `${count} times`;

function peerRows(all: readonly Judged[], published: Published): string[] {
  return (Object.keys(PEERS) as Peer[]).flatMap((peer) => {
    const same = all.filter(({ program }) =>
      program.published !== undefined && published[program.published]?.[peer] !== undefined
    );
    if (same.length === 0) return [];
    const theirs = same.filter(({ program }) => published[program.published!][peer]);
    const ours = same.filter((one) => namedBy(one) === "right");
    const shareOf = (some: readonly unknown[]) => percent({ are: some.length, of: same.length });
    return [`| ${PEERS[peer]} | ${shareOf(theirs)} | ${shareOf(ours)} |`];
  });
}

function programRow(judged: Judged): string {
  const { program, buggy, repair } = judged;
  const training = ({ truth }: Side) => `${truth.outcome}, ${truth.progress.toFixed(2)}`;
  const named = program.inReach ? namedBy(judged) : `(${namedBy(judged)})`;
  const first = buggy.verdict!.causes[0] ?? "";
  const cells = [program.id, program.fault, training(buggy), buggy.verdict!.verdict, first, named];
  return `| ${[...cells, training(repair), repair.verdict!.verdict].join(" | ")} |`;
}
