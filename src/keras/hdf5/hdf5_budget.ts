import { Budget } from "../../model/files/budget.ts";
import { ModelError } from "../../model/model_error.ts";
import { formatCount } from "../../words/numbers.ts";

/**
 * Limits on what may still be read of an HDF5 file. Its headers, names, texts and heaps can be
 * referenced many times and can overlap; in a file that a program wrote, they share no bytes.
 */
export interface Hdf5Budget {
  /** Bytes of object headers and their continuations. */
  headers: Budget;
  /** Characters of the paths of objects, and of the names in them. */
  names: Budget;
  /** Bytes of texts of attributes. */
  texts: Budget;
  /** Bytes of the heaps of texts. */
  heaps: Budget;
  /** Bytes of the trees that list names and attributes. */
  trees: Budget;
}

/**
 * Factor over the size of the file for names and texts: paths repeat the names of the groups above,
 * and texts may be short.
 */
const REPEATED = 4;

/** Returns the budget for a file of the given number of bytes. */
export function hdf5Budget(size: number): Hdf5Budget {
  return {
    headers: ownBytes(size, "The headers of the HDF5 file"),
    names: ownBytes(REPEATED * size, "The names of the HDF5 file"),
    texts: ownBytes(REPEATED * size, "The texts of the HDF5 file"),
    heaps: ownBytes(size, "The heaps of texts of the HDF5 file"),
    trees: ownBytes(REPEATED * size, "The lists of names and attributes of the HDF5 file"),
  };
}

/** Returns the budget of parts of a file that share no bytes in one that a program wrote. */
export const ownBytes = (most: number, place: string): Budget =>
  new Budget(most, () =>
    new ModelError({
      place,
      verb: "add up to",
      found: `more than ${formatCount(most, "byte")}`,
      expected: "each to have its own",
      hint: ": they repeat or overlap",
    }));
