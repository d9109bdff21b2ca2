import { ModelError } from "../../model/model_error.ts";
import { showValue } from "../../words/show_value.ts";
import type { Hdf5Array, Hdf5Group } from "../hdf5/open_hdf5.ts";

/** Groups stored next to the weights that hold no weights. */
const STATE = /^(_?random_generator|seed_generator|_seed_generator)(_\d+)?$/;

/** A weight that no layer claims belongs to another network. */
export function requireNoLeftovers(
  root: Hdf5Group,
  container: string,
  claimed: Set<Hdf5Array>,
): void {
  const start = root.children.get(container);
  const open: (Hdf5Group | Hdf5Array | undefined)[] = [start, root.children.get("vars")];
  for (const one of open) {
    if (one === undefined) continue;
    if (one.kind === "group") {
      for (const [name, child] of one.children) if (!STATE.test(name)) open.push(child);
    } else if (!claimed.has(one)) {
      throw new ModelError({
        place: `${showValue(one.path)} of shape [${one.shape.join(", ")}]`,
        found: "in the file, but no layer of the model takes it",
        expected: "only the weights of this model",
      });
    }
  }
}
