/**
 * Holds this tool beside PyTorch, Keras and stock TensorFlow.js: `deno task bench:peers`. Sections
 * that are named after it are run alone. The results of a section replace those in results.json,
 * from which docs/peers.md and the README are written. Python environments are taken from the
 * folder in GRADIENT_HEALTH_PEERS, or made in --data.
 *
 * Part of a ratio is how wide the lanes are: V8 has 128 bits, PyTorch takes up to 512. These keep
 * it to 256:
 *
 *     ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 deno task
 *     bench:peers warm --dry
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { checkFiles } from "./check_files.ts";
import { comparePeers } from "./compare_peers.ts";
import { findCrossover } from "./find_crossover.ts";
import { machine } from "../machine.ts";
import { measureCold } from "./measure_cold.ts";
import { measureInstalled } from "./measure_installed.ts";
import { measureWarm } from "./measure_warm.ts";
import { type Peer, peersOf, TOOL } from "./peers.ts";
import { networksIn, prepareNetworks } from "./prepare_networks.ts";
import { readResults, RESULTS, type Results } from "./results.ts";
import { runProcess } from "./run_process.ts";
import { findPrograms, findPythons } from "./venvs.ts";
import { writeDocuments } from "./write_documents.ts";
import { writeGolden } from "./write_golden.ts";

const SECTIONS = ["figures", "cold", "warm", "crossover", "installed"] as const;

const USAGE = `deno task bench:peers [SECTION ...] [--rounds N] [--size small|full]
  [--only NETWORK,...] [--data FOLDER] [--dry]

Sections: ${SECTIONS.join(", ")} (default: these).
"programs" prints how long PyTorch programs take (bench/torch), "golden" writes fixtures/files/peers anew, "files" names the files of fixtures/ that the scripts of this folder would
write otherwise, "documents" only writes what was measured before.
--dry prints the results and writes nothing into the repository.`;

const { _: asked, ...flags } = parseArgs(Deno.args, {
  boolean: ["dry", "help"],
  string: ["_", "rounds", "size", "only", "data"],
  default: { rounds: "5", size: "full" },
  unknown: (name, key) => {
    if (key !== undefined) stop(`unknown option ${name}`);
  },
});

function stop(message: string): never {
  console.error(`${message}\n${USAGE}`);
  Deno.exit(2);
}

if (flags.help) {
  console.log(USAGE);
  Deno.exit(0);
}
const known: readonly string[] = [...SECTIONS, "programs", "golden", "files", "documents"];
const sections: readonly string[] = asked.length === 0 ? SECTIONS : asked.map(String);
for (const section of sections) if (!known.includes(section)) stop(`unknown section ${section}`);
const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  stop(`--rounds is ${flags.rounds}, expected 1 or more`);
}

if ((flags.size !== "full" || flags.only !== undefined) && !flags.dry) {
  stop("--size and --only are for trying out, expected --dry with them");
}

const data = flags.data ?? await Deno.makeTempDir({ prefix: "peers_" });
const results = await run(sections);
if (flags.data === undefined) await Deno.remove(data, { recursive: true });
if (flags.dry) console.log(JSON.stringify(results, null, 2));
else if (sections.some((section) => section !== "programs")) await writeDocuments(results);

/** Keeps what a section measured: the next one may fail. */
async function keep(results: Results): Promise<void> {
  results.machine = machine();
  if (!flags.dry) await Deno.writeTextFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
}

async function run(sections: readonly string[]): Promise<Results> {
  const results = readResults();
  if (sections.every((section) => section === "documents")) return results;
  const environments = Deno.env.get("GRADIENT_HEALTH_PEERS") ?? `${data}/venvs`;
  if (sections.includes("programs")) await timePrograms(await findPrograms(environments));
  if (sections.every((section) => section === "programs")) return results;
  const pythons = await findPythons(environments);
  const peers = peersOf(pythons);
  const folder = `${data}/${flags.size}`;
  const has = (section: string) => sections.includes(section);
  if (has("golden")) {
    await writeGolden(
      pythons,
      peers,
      new URL("../../fixtures/files/peers", import.meta.url).pathname,
    );
  }
  if (has("files")) {
    const differing = await checkFiles(pythons);
    console.error(
      differing.length === 0 ? "all files are as the scripts write them" : differing.join("\n"),
    );
  }
  if (has("figures") || has("cold") || has("warm")) {
    const only = flags.only?.split(",");
    await prepareNetworks(pythons, folder, flags.size, only);
    const networks = only ?? networksIn(folder);
    await compare(results, folder, networks, peers, has);
  }
  if (has("crossover")) {
    results.crossover = await findCrossover(
      async (width, batch) => {
        const own = `${data}/${width}x${batch}`;
        await prepareNetworks(pythons, own, `${width}x${batch}`, ["dense"]);
        return own;
      },
      peers[0],
      rounds,
    );
    await keep(results);
  }
  if (has("installed")) {
    results.installed = await measureInstalled(pythons);
    await keep(results);
  }
  return results;
}

/** Prints the table of bench/torch/speed.md. */
async function timePrograms(python: string): Promise<void> {
  const script = (name: string) => new URL(`../torch/${name}`, import.meta.url).pathname;
  const folder = `${data}/programs`;
  const commands = [
    [python, script("speed.py"), "make", folder],
    [Deno.execPath(), "run", "-A", script("speed.ts"), folder, python, "--turns", "1"],
  ];
  for (const [command, ...args] of commands) {
    const { code } = await new Deno.Command(command, { args }).spawn().status;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
  }
}

async function compare(
  results: Results,
  folder: string,
  networks: readonly string[],
  peers: readonly Peer[],
  has: (section: string) => boolean,
): Promise<void> {
  if (has("figures")) {
    Object.assign(results, await comparePeers(folder, networks, peers));
    await keep(results);
  } else {
    // The figures also write the networks in the form that stock TensorFlow.js reads.
    for (const network of networks) await runProcess(TOOL.figures(folder, network), TOOL.limit);
  }
  if (has("cold")) {
    results.cold = await measureCold(folder, networks, peers, rounds, results.figures);
    await keep(results);
  }
  if (has("warm")) {
    results.warm = await measureWarm(folder, networks, peers, rounds);
    await keep(results);
  }
}
