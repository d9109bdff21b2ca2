/** The name of a file without folder and extension: what a model without a name of its own is called. */
export const stemOf = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.\w+$/, "");
