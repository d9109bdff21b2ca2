/**
 * True for the command line, whose process is ours: it may listen to signals. A library leaves them
 * to the program that uses it.
 */
export const processOwner = { isCommandLine: false };
