// In our sources an import of './x.js' names the TypeScript file './x.ts'.
module.exports = (path, options) => {
  if (/^\.{1,2}\/.*\.js$/.test(path) && !options.basedir.includes('/node_modules/')) {
    try {
      return options.defaultResolver(`${path.slice(0, -3)}.ts`, options);
    } catch {
      // a real .js file
    }
  }
  return options.defaultResolver(path, options);
};
