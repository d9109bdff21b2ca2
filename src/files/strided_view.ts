import { ModelError } from "../core/model/model_error.ts";
import { BYTES, type FileType } from "../ground/traits/number_types.ts";
import { showValue } from "../ground/words/show_value.ts";
import { countOf } from "./file_types.ts";

/** Tensor as a part of a storage. */
export interface StridedView {
  type: FileType;
  /** Index of the first entry. */
  offset: number;
  shape: number[];
  /** Distance of neighbours along each axis, in entries. */
  strides: number[];
}

/**
 * Rejects a view that reaches beyond its storage.
 *
 * @param name Name of the tensor, for messages.
 * @param view The view.
 * @param room Number of entries of the storage.
 * @param most Largest number of entries, which is more if a view may repeat some. Default: `room`.
 */
export function requireInside(
  name: string,
  { offset, shape, strides }: StridedView,
  room: number,
  most = room,
): void {
  const count = countOf(shape);
  const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis], offset);
  if (count === 0 && offset <= room) return;
  if (count === null || count > most || last >= room || !Number.isSafeInteger(last)) {
    throw new ModelError({
      place: `${showValue(name)} of shape [${shape.join(", ")}]`,
      verb: "needs",
      found: `${count === null ? "more than 2^53" : Math.max(count, last + 1)} entries`,
      expected: `at most the ${Math.floor(room)} of its storage`,
    });
  }
}

/** Returns the bytes of the entries of a view, row-major. */
export function bytesOfView(view: StridedView, bytes: Uint8Array): Uint8Array {
  const { type, offset, shape } = view;
  const size = BYTES[type];
  const count = countOf(shape)!;
  if (isContiguous(view) || count === 0) {
    return bytes.subarray(offset * size, (offset + count) * size);
  }
  // Only the entries of the view are decoded: many small views may share one large storage.
  const own = new Uint8Array(count * size);
  eachEntry(view, (i, at) => {
    for (let byte = 0; byte < size; byte++) own[i * size + byte] = bytes[at * size + byte];
  });
  return own;
}

/**
 * Writes the bytes of the entries of a view, row-major, into a storage.
 *
 * @param view The view.
 * @param bytes The storage, which is changed.
 * @param own Bytes of the entries.
 */
export function writeView(view: StridedView, bytes: Uint8Array, own: Uint8Array): void {
  const size = BYTES[view.type];
  eachEntry(view, (i, at) => {
    for (let byte = 0; byte < size; byte++) bytes[at * size + byte] = own[i * size + byte];
  });
}

/** Returns true if the entries of a view follow each other in its storage, row-major. */
export function isContiguous({ shape, strides }: Pick<StridedView, "shape" | "strides">): boolean {
  let step = 1;
  return shape.every((_, i) => {
    const axis = shape.length - 1 - i;
    const fits = shape[axis] === 1 || strides[axis] === step;
    step *= shape[axis];
    return fits;
  });
}

/** Calls a function with the index of each entry, row-major, and its place in the storage. */
function eachEntry(
  { offset, shape, strides }: StridedView,
  visit: (index: number, at: number) => void,
): void {
  const count = countOf(shape)!;
  const position = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < count; i++) {
    visit(i, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++position[axis] < shape[axis]) break;
      at -= shape[axis] * strides[axis];
      position[axis] = 0;
    }
  }
}
