import { compareFigures } from "./compare_figures.ts";
import type { Figures } from "./figures.ts";
import { type Peer, TOOL } from "./peers.ts";
import type { Results } from "./results.ts";
import { ProcessError, runProcess } from "./run_process.ts";

const figuresOf = async (words: readonly string[], { limit }: Peer): Promise<Figures> =>
  JSON.parse((await runProcess(words, limit)).output);

/**
 * Comparison of each tool's figures with this one's, by network. PyTorch in float64 decides where
 * they differ.
 */
export async function comparePeers(
  folder: string,
  networks: readonly string[],
  peers: readonly Peer[],
): Promise<Required<Pick<Results, "figures" | "versions">>> {
  const figures: Results["figures"] = {};
  const versions: Results["versions"] = {};
  const torch = peers.find(({ name }) => name === "PyTorch")!;
  for (const network of networks) {
    console.error(`figures of ${network}`);
    const own = await figuresOf(TOOL.figures(folder, network), TOOL);
    const exact = await figuresOf([...torch.figures(folder, network), "--double"], torch);
    versions[TOOL.name] = own.versions;
    figures[network] = { "PyTorch, float64": compareFigures(own, exact) };
    for (const peer of peers) {
      try {
        const theirs = await figuresOf(peer.figures(folder, network), peer);
        versions[peer.name] = theirs.versions;
        figures[network][peer.name] = compareFigures(own, theirs, exact);
      } catch (error) {
        if (!(error instanceof ProcessError)) throw error;
        figures[network][peer.name] = { unable: error.message };
      }
    }
  }
  return { figures, versions };
}
