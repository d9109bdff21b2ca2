import type { Tensor } from "../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";
import { noteAlikeness } from "./note_alikeness.ts";
import { noteAttention } from "./note_attention.ts";
import { noteTokens } from "./note_tokens.ts";
import type { LayerCall, Sweep } from "./observe.ts";

/** Notes facts about an output that statistics of single entries do not show. */
export function noteOutput(
  sweep: Sweep,
  record: LayerRecord,
  output: Tensor,
  call: LayerCall,
): void {
  noteAlikeness(sweep, record, output);
  noteAttention(sweep, record, output, call);
  noteTokens(sweep, record, output, call);
}
