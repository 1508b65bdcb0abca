//! Which versions of packages fit together: for each package one, the highest that all who ask for it accept.
//!
//! The search takes packages in the order in which they are first asked for and their versions from the highest down, and goes
//! back when nothing fits. What is reported is the conflict that the highest versions lead to.

use std::collections::BTreeMap;

use semver::{Version, VersionReq};

/// Choices that the search makes at most.
const MOST_STEPS: usize = 100_000;

/// A range of versions as manifests write it: `1.2.0`, `>=1.0 <2.0`, `^1.2`, `~1.2`, `*`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionRange {
    text: String,
    parsed: VersionReq,
}

impl VersionRange {
    /// None if it is none.
    pub fn parse(text: &str) -> Option<VersionRange> {
        let spaced = text.replace(',', " ");
        let mut parts: Vec<String> = Vec::new();
        for word in spaced.split_whitespace() {
            // An operator may stand apart from its version.
            match parts.last_mut() {
                Some(last) if !last.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '*') => last.push_str(word),
                _ => parts.push(word.to_owned()),
            }
        }
        // A version alone is exact here.
        let exact = |p: &String| {
            if p.starts_with(|c: char| c.is_ascii_digit()) && !p.contains('*') { format!("={p}") } else { p.clone() }
        };
        let parts: Vec<String> = parts.iter().map(exact).collect();
        let parsed = if parts.is_empty() { None } else { VersionReq::parse(&parts.join(", ")).ok() };
        parsed.map(|parsed| VersionRange { text: text.trim().to_owned(), parsed })
    }

    pub fn accepts(&self, version: &Version) -> bool {
        self.parsed.matches(version)
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Somebody asks for a package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    pub name: String,
    pub range: VersionRange,
    /// Who leads there, the project first: names with versions.
    pub chain: Vec<String>,
}

/// A version that can be had, with what it asks for.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub version: Version,
    pub dependencies: Vec<(String, VersionRange)>,
}

/// The package versions that were chosen.
pub type Chosen = BTreeMap<String, Candidate>;

/// Why nothing fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// There is no package of the name.
    Missing(Requirement),
    /// No version satisfies all of these, of one package.
    Versions(Vec<Requirement>, Vec<Version>),
    /// Packages depend on one another; the first again at the end. The requirement leads to the first.
    Cycle(Vec<String>, Requirement),
    TooMany,
}

/// Looks versions up, the highest first; none where there is no such package.
pub type Versions<'a, E> = dyn FnMut(&str) -> Result<Option<Vec<Candidate>>, E> + 'a;

struct Search<'a, 'v, E> {
    versions: &'a mut Versions<'v, E>,
    known: BTreeMap<String, Vec<Candidate>>,
    steps: usize,
}

/// What came of a search: a conflict is no error of the one who looks versions up.
type Found<E> = Result<Result<Chosen, Conflict>, E>;

/// Chooses versions for what is required and all that this requires.
pub fn resolve<E>(required: &[Requirement], versions: &mut Versions<'_, E>) -> Found<E> {
    let mut search = Search { versions, known: BTreeMap::new(), steps: 0 };
    Ok(match search.choose(required.to_vec(), &Chosen::new())? {
        Ok(chosen) => match circle(required, &chosen) {
            Some(conflict) => Err(conflict),
            None => Ok(chosen),
        },
        Err(conflict) => Err(conflict),
    })
}

impl<E> Search<'_, '_, E> {
    fn choose(&mut self, required: Vec<Requirement>, chosen: &Chosen) -> Found<E> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Ok(Err(Conflict::TooMany));
        }
        let unmet = required.iter().find(|r| chosen.get(&r.name).is_some_and(|c| !r.range.accepts(&c.version)));
        if let Some(unmet) = unmet {
            return Ok(Err(self.conflict(&required, &unmet.name)));
        }
        let Some(next) = required.iter().find(|r| !chosen.contains_key(&r.name)).cloned() else {
            return Ok(Ok(chosen.clone()));
        };
        if !self.known.contains_key(&next.name) {
            let Some(found) = (self.versions)(&next.name)? else { return Ok(Err(Conflict::Missing(next))) };
            self.known.insert(next.name.clone(), found);
        }
        let wanted: Vec<&Requirement> = required.iter().filter(|r| r.name == next.name).collect();
        let all = self.known[&next.name].clone();
        let fitting = all.into_iter().filter(|c| wanted.iter().all(|r| r.range.accepts(&c.version)));
        let mut first = None;
        for candidate in fitting {
            let step = format!("{} {}", next.name, candidate.version);
            let chain: Vec<String> = next.chain.iter().cloned().chain([step]).collect();
            let asked = |(name, range): &(String, VersionRange)| Requirement {
                name: name.clone(),
                range: range.clone(),
                chain: chain.clone(),
            };
            let more: Vec<Requirement> =
                required.iter().cloned().chain(candidate.dependencies.iter().map(asked)).collect();
            let mut with = chosen.clone();
            with.insert(next.name.clone(), candidate);
            match self.choose(more, &with)? {
                Ok(found) => return Ok(Ok(found)),
                Err(Conflict::TooMany) => return Ok(Err(Conflict::TooMany)),
                Err(conflict) => first = first.or(Some(conflict)),
            }
        }
        let conflict = first.unwrap_or_else(|| self.conflict(&required, &next.name));
        Ok(Err(conflict))
    }

    fn conflict(&self, required: &[Requirement], name: &str) -> Conflict {
        let there = self.known[name].iter().map(|c| c.version.clone()).collect();
        Conflict::Versions(required.iter().filter(|r| r.name == name).cloned().collect(), there)
    }
}

/// A circle among the packages that were chosen.
fn circle(required: &[Requirement], chosen: &Chosen) -> Option<Conflict> {
    fn visit<'c>(
        name: &'c str,
        chosen: &'c Chosen,
        open: &mut Vec<&'c str>,
        done: &mut Vec<&'c str>,
    ) -> Option<Vec<String>> {
        if let Some(at) = open.iter().position(|o| *o == name) {
            return Some(open[at..].iter().chain([&name]).map(|n| (*n).to_owned()).collect());
        }
        if done.contains(&name) {
            return None;
        }
        open.push(name);
        let found = chosen[name].dependencies.iter().find_map(|(d, _)| visit(d, chosen, open, done));
        open.pop();
        done.push(name);
        found
    }
    let mut done = Vec::new();
    required.iter().find_map(|r| {
        let circle = visit(&r.name, chosen, &mut Vec::new(), &mut done)?;
        Some(Conflict::Cycle(circle, r.clone()))
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn range(text: &str) -> VersionRange {
        VersionRange::parse(text).unwrap_or_else(|| panic!("{text} is a range"))
    }

    /// Resolves against packages `name version` with what they ask for.
    fn resolved(required: &[(&str, &str)], packages: &[(&str, &[(&str, &str)])]) -> Result<Vec<String>, Conflict> {
        let required: Vec<Requirement> = required
            .iter()
            .map(|(name, r)| Requirement { name: (*name).into(), range: range(r), chain: vec!["app".into()] })
            .collect();
        let mut versions = |name: &str| -> Result<Option<Vec<Candidate>>, Infallible> {
            let mut all: Vec<Candidate> = packages
                .iter()
                .filter_map(|(id, asks)| {
                    let version = id.strip_prefix(name)?.strip_prefix(' ')?.parse().expect("a version");
                    let dependencies = asks.iter().map(|(n, r)| ((*n).to_owned(), range(r))).collect();
                    Some(Candidate { version, dependencies })
                })
                .collect();
            all.sort_by(|a, b| b.version.cmp(&a.version));
            Ok((!all.is_empty()).then_some(all))
        };
        let Ok(found) = resolve(&required, &mut versions);
        found.map(|chosen| chosen.into_iter().map(|(name, c)| format!("{name} {}", c.version)).collect())
    }

    #[test]
    fn ranges_accept_what_they_say() {
        let all = ["1.0.0", "1.2.0", "1.2.9", "1.3.0", "2.0.0"];
        let accepted = |text: &str| {
            let range = range(text);
            all.iter().filter(|v| range.accepts(&v.parse().expect("a version"))).copied().collect::<Vec<_>>()
        };
        assert_eq!(accepted("1.2.0"), ["1.2.0"]);
        assert_eq!(accepted("^1.2.0"), ["1.2.0", "1.2.9", "1.3.0"]);
        assert_eq!(accepted("~1.2.0"), ["1.2.0", "1.2.9"]);
        assert_eq!(accepted(">=1.2.0 <2.0.0"), ["1.2.0", "1.2.9", "1.3.0"]);
        assert_eq!(accepted(">= 1.3.0"), ["1.3.0", "2.0.0"]);
        assert_eq!(accepted("*"), all);
        for text in ["", "one", "^", "1.2.x.y", "../a", "file:../a", "^1 || ^2"] {
            assert_eq!(VersionRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_highest_version_that_all_accept_is_chosen() {
        let packages: &[(&str, &[(&str, &str)])] = &[
            ("a 1.0.0", &[("c", "^1.0")]),
            ("a 1.1.0", &[("c", "^1.1")]),
            ("b 1.0.0", &[("c", "<1.3")]),
            ("c 1.0.0", &[]),
            ("c 1.2.0", &[]),
            ("c 1.4.0", &[]),
        ];
        let found = resolved(&[("a", "*"), ("b", "*")], packages);
        assert_eq!(found, Ok(vec!["a 1.1.0".into(), "b 1.0.0".into(), "c 1.2.0".into()]));
    }

    #[test]
    fn the_search_goes_back_where_the_highest_versions_disagree() {
        let packages: &[(&str, &[(&str, &str)])] = &[
            ("a 2.0.0", &[("c", "^2.0")]),
            ("a 1.0.0", &[("c", "^1.0")]),
            ("b 1.0.0", &[("c", "^1.0")]),
            ("c 1.0.0", &[]),
            ("c 2.0.0", &[]),
        ];
        assert_eq!(
            resolved(&[("a", "*"), ("b", "*")], packages),
            Ok(vec!["a 1.0.0".into(), "b 1.0.0".into(), "c 1.0.0".into()])
        );
    }

    #[test]
    fn conflicts_tell_who_asks() {
        let packages: &[(&str, &[(&str, &str)])] =
            &[("a 1.0.0", &[("c", "^1.0")]), ("b 1.0.0", &[("c", "^2.0")]), ("c 1.0.0", &[]), ("c 2.0.0", &[])];
        let Err(Conflict::Versions(who, there)) = resolved(&[("a", "*"), ("b", "*")], packages) else { panic!() };
        let who: Vec<String> = who.iter().map(|r| format!("{} {}", r.chain.join(" → "), r.range.text())).collect();
        assert_eq!(who, ["app → a 1.0.0 ^1.0", "app → b 1.0.0 ^2.0"]);
        assert_eq!(there.len(), 2);
        let Err(Conflict::Missing(who)) = resolved(&[("a", "*")], &[("a 1.0.0", &[("x", "*")])]) else { panic!() };
        assert_eq!((who.name.as_str(), who.chain), ("x", vec!["app".to_owned(), "a 1.0.0".to_owned()]));
    }

    #[test]
    fn circles_are_found() {
        let packages: &[(&str, &[(&str, &str)])] =
            &[("a 1.0.0", &[("b", "*")]), ("b 1.0.0", &[("c", "*")]), ("c 1.0.0", &[("b", "*")])];
        let Err(Conflict::Cycle(names, _)) = resolved(&[("a", "*")], packages) else { panic!() };
        assert_eq!(names, ["b", "c", "b"]);
    }
}
