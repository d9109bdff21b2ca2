import { dirname, join } from "node:path";
import { readUserText } from "../model/files/user_file.ts";
import type { NetworkConfig } from "../model/weights/weights_manifest.ts";

/** Other names of the fields: GPT-2's, T5's. */
const LAYERS = ["num_hidden_layers", "n_layer", "num_layers"];
const HEADS = ["num_attention_heads", "n_head", "num_heads"];

/**
 * Reads the `config.json` that the library transformers keeps beside weights.
 *
 * @param path The file of weights.
 * @returns Facts about the network; `null` without such a file, or if it describes no network.
 */
export async function readConfig(path: string): Promise<NetworkConfig | null> {
  const beside = join(dirname(path), "config.json");
  // Nobody is asked for a permission to read what need not be there.
  if (Deno.permissions.querySync({ name: "read", path: beside }).state !== "granted") return null;
  let config: Record<string, unknown>;
  try {
    config = Object(JSON.parse(await readUserText(beside)));
  } catch {
    return null;
  }
  const { architectures, model_type: type } = config;
  const [architecture = type] = Array.isArray(architectures) ? architectures : [];
  if (typeof architecture !== "string") return null;
  const first = (names: string[]) => names.map((name) => config[name]).find(Number.isSafeInteger);
  return {
    architecture,
    layers: first(LAYERS) as number | undefined ?? null,
    heads: first(HEADS) as number | undefined ?? null,
    keyValueHeads: first(["num_key_value_heads"]) as number | undefined ?? null,
    tiesEmbeddings: typeof config.tie_word_embeddings === "boolean"
      ? config.tie_word_embeddings
      : null,
  };
}
