/** Whether a path is that of a model as Keras saves it. */
export const isKerasFile = (path: string): boolean => /\.(keras|h5|hdf5)$/i.test(path);

/** Whether a path is that of a model in a file that holds data alone: none of it runs. */
export const isDataFile = (path: string): boolean => /\.json$/i.test(path) || isKerasFile(path);
