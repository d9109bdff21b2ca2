import type { Hdf5Budget } from "./hdf5_budget.ts";
import type { Hdf5Bytes } from "./hdf5_bytes.ts";

const WHAT = "A text of the HDF5 file";

/**
 * Heaps that the attributes of a file share for their texts. Each is listed once, however many
 * texts it has.
 */
export class TextHeaps {
  readonly #budget: Hdf5Budget;
  /** Positions of the entries of each heap, by its address and their index. */
  readonly #heaps = new Map<number, Map<number, number>>();

  constructor(budget: Hdf5Budget) {
    this.#budget = budget;
  }

  /**
   * Reads a text.
   *
   * @throws {ModelError} If the heap has no such entry.
   */
  text(file: Hdf5Bytes, heap: number, index: number, length: number): string {
    this.#budget.texts.spend(length);
    const entries = this.#heaps.get(heap) ?? this.#list(file, heap);
    this.#heaps.set(heap, entries);
    const at = entries.get(index);
    if (at === undefined) {
      throw file.rest(heap, WHAT).wrong(`is not entry ${index} of its heap`, "it there");
    }
    const entry = file.rest(at, WHAT);
    const size = entry.length();
    if (length > size) throw entry.wrong(`has ${size} bytes`, `${length}`);
    return file.piece(entry.at, length, WHAT).text(length);
  }

  #list(file: Hdf5Bytes, heap: number): Map<number, number> {
    const head = file.rest(heap, WHAT);
    head.signature("GCOL");
    head.version(1);
    head.skip(3);
    const list = file.piece(heap, head.length(), WHAT);
    this.#budget.heaps.spend(list.left);
    list.skip(head.at - heap);
    const entries = new Map<number, number>();
    while (list.left > 0) {
      const index = list.uint(2);
      list.skip(6);
      // The last entry is the free space.
      if (index === 0) break;
      const at = list.at;
      const size = list.length();
      if (!entries.has(index)) entries.set(index, at);
      list.skip(Math.ceil(size / 8) * 8);
    }
    return entries;
  }
}
