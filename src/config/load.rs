//! Puts the layers on top of each other: defaults, file, environment, command line.

use std::{
    ffi::OsString,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    value::{Dict, Map, Value},
};

use super::{
    ConfigError, Listen, Settings,
    environment::{self, Assignment},
    error::Problem,
    file::{self, Contents, Positions},
    rules,
    schema::{Key, Setting, keys_below},
    verify,
};

/// Read when `--config` is not given and it exists, from the working folder.
pub const DEFAULT_FILE: &str = "config/freehold.toml";

/// What a command line may set; each has the option's name as its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--data DIR` sets `store.data`.
    pub data: Option<PathBuf>,
    /// `--listen ADDR`, once or several times, sets `server.listen`.
    pub listen: Vec<Listen>,
}

/// Where settings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config FILE`. Without it `config/freehold.toml` is read if it exists.
    pub file: Option<PathBuf>,
    /// Variables of the environment; only those that begin with `FREEHOLD__` count.
    pub environment: Vec<(OsString, OsString)>,
    /// What the command line sets.
    pub overrides: Overrides,
}

impl Sources {
    /// The sources of this process: its environment, and what its command line says.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, overrides: Overrides) -> Self {
        Self {
            file,
            environment: environment::of_process(),
            overrides,
        }
    }
}

/// Settings that are in effect, and where each comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    figment: Figment,
    positions: Positions,
}

/// Loads and checks the settings.
///
/// # Errors
/// Everything that is wrong, each with its place: an unreadable file, TOML syntax, unknown keys,
/// types, ranges, and settings that contradict each other.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let keys = keys();
    let mut problems = Vec::new();
    let (path, contents) = read(sources.file.as_deref())?;
    verify::tree(
        &contents.dict,
        &Settings::SHAPE,
        &keys,
        &mut |key, sentence| {
            problems.push(Problem {
                place: in_file(&path, &contents.positions, key),
                sentence,
            });
        },
    );
    let assigned = environment::assignments(&sources.environment, &keys, &mut problems);
    let overrides = sources.overrides.layers(&mut problems);
    ConfigError::unless_empty(problems)?;

    let mut figment = Figment::from(Layer::defaults()).merge(Layer::file(&path, contents.dict));
    for Assignment {
        variable,
        path,
        value,
    } in assigned
    {
        figment = figment.merge(Layer::single(environment::place(&variable), &path, value));
    }
    for layer in overrides {
        figment = figment.merge(layer);
    }
    let settings = figment.extract().map_err(|error| {
        let key = error.path.join(".");
        ConfigError::one(
            format!("`{key}`"),
            "this value has a form that is not understood",
        )
    })?;
    let loaded = Loaded {
        settings,
        figment,
        positions: contents.positions,
    };
    let verdicts = rules::judge(&loaded.settings).into_iter();
    let problem = |(key, sentence): rules::Verdict| Problem {
        place: loaded.origin(&key),
        sentence,
    };
    ConfigError::unless_empty(verdicts.map(problem).collect())?;
    Ok(loaded)
}

/// All keys, in the order in which they are written.
pub(super) fn keys() -> Vec<Key> {
    let mut keys = Vec::new();
    keys_below("", &Settings::SHAPE, &mut keys);
    keys
}

impl Loaded {
    /// Where the value of a key comes from: `default`, `FILE:LINE:COLUMN`, `environment NAME` or
    /// `command line --OPTION`.
    #[must_use]
    pub fn origin(&self, key: &str) -> String {
        // A field of a listed table is set where the list is set.
        let whole = key.split('[').next().unwrap_or(key);
        let value = self.figment.find_value(whole).ok();
        let metadata = value.and_then(|value| self.figment.get_metadata(value.tag()));
        match metadata {
            Some(metadata) => match metadata
                .source
                .as_ref()
                .and_then(|source| source.file_path())
            {
                Some(path) => in_file(path, &self.positions, key),
                None => metadata.name.to_string(),
            },
            None => "default".to_owned(),
        }
    }
}

impl Overrides {
    fn layers(&self, problems: &mut Vec<Problem>) -> Vec<Layer> {
        let mut layers = Vec::new();
        let place = |option: &str| format!("command line {option}");
        if let Some(data) = &self.data {
            match data.to_str() {
                Some(text) if !text.is_empty() => {
                    layers.push(Layer::single(place("--data"), "store.data", text.into()));
                }
                _ => problems.push(Problem {
                    place: place("--data"),
                    sentence: "the path is empty or not UTF-8; name a folder".to_owned(),
                }),
            }
        }
        if !self.listen.is_empty() {
            let texts: Vec<String> = self.listen.iter().map(Listen::to_string).collect();
            layers.push(Layer::single(
                place("--listen"),
                "server.listen",
                texts.into(),
            ));
        }
        layers
    }
}

/// One layer of values with its origin.
struct Layer {
    metadata: Metadata,
    dict: Dict,
}

impl Layer {
    fn defaults() -> Self {
        let value = Value::serialize(Settings::default()).ok();
        let dict = value.and_then(Value::into_dict).unwrap_or_default();
        Self {
            metadata: Metadata::named("default"),
            dict,
        }
    }

    fn file(path: &Path, dict: Dict) -> Self {
        Self {
            metadata: Metadata::from("file", path),
            dict,
        }
    }

    fn single(origin: String, path: &str, value: Value) -> Self {
        let mut parts = path.rsplit('.');
        let last = parts.next().unwrap_or(path);
        let leaf = Dict::from([(last.to_owned(), value)]);
        let dict = parts.fold(leaf, |dict, part| {
            Dict::from([(part.to_owned(), dict.into())])
        });
        Self {
            metadata: Metadata::named(origin),
            dict,
        }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

fn read(named: Option<&Path>) -> Result<(PathBuf, Contents), ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            let advice = "name a file that exists and that this user may read with `--config FILE`";
            return Err(ConfigError::one(
                path.display().to_string(),
                format!("this file cannot be read ({error}); {advice}"),
            ));
        }
    };
    match file::parse(&bytes) {
        Ok(contents) => Ok((path.to_owned(), contents)),
        Err(error) => Err(ConfigError::one(
            format!("{}:{}", path.display(), error.position),
            error.sentence,
        )),
    }
}

/// The place of a key in a file. A key that is missing is reported where its table begins.
fn in_file(path: &Path, positions: &Positions, key: &str) -> String {
    let mut key = key;
    loop {
        if let Some(position) = positions.get(key) {
            return format!("{}:{position}", path.display());
        }
        match key.rfind(['.', '[']) {
            Some(end) => key = key.get(..end).unwrap_or_default(),
            None => return path.display().to_string(),
        }
    }
}
