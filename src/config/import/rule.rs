//! Rules that say which requests trigger a hook.

use crate::access::{InvalidNetwork, Network};
use crate::verify::{list, quoted};
use serde_json::Value;

/// What a hook asks of a request, as far as we can ask the same.
#[derive(Debug, Default)]
pub(super) struct Trigger {
    header: String,
    /// As we call it: `hmac-sha256`.
    algorithm: &'static str,
    pub(super) secret: String,
    pub(super) allow_from: Vec<String>,
    pub(super) types: Vec<String>,
    /// Places in the payload and the text of the values that may stand there.
    pub(super) json: Vec<(String, Vec<String>)>,
}

/// The headers in which our presets have the signature that a hook looks for, and how it is made.
const PRESETS: &[(&str, &str, &str)] = &[
    ("X-Hub-Signature-256", "hmac-sha256", "github"),
    ("X-Hub-Signature", "hmac-sha1", "github-sha1"),
    ("X-Gitea-Signature", "hmac-sha256", "gitea"),
    ("X-Forgejo-Signature", "hmac-sha256", "gitea"),
    ("X-Gogs-Signature", "hmac-sha256", "gogs"),
    (GITLAB_TOKEN, TOKEN, "gitlab-token"),
];

/// The header whose value is GitLab's secret itself.
const GITLAB_TOKEN: &str = "X-Gitlab-Token";
const TOKEN: &str = "token";

/// Headers that have the type of an event by those presets.
const TYPES: &[&str] = &["X-GitHub-Event", "X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event", "X-Gitlab-Event"];

/// Whether what is called so is likely a secret.
pub(super) fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["secret", "token", "passw", "passcode", "passphrase", "apikey", "credential", "privatekey"];
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

impl Trigger {
    /// The trigger that `rule` is.
    ///
    /// # Errors
    /// Where a part of it can be asked of no request: then the hook would be triggered by others than before.
    pub(super) fn read(rule: Option<&Value>) -> Result<Self, String> {
        let mut trigger = Trigger::default();
        match rule {
            None | Some(Value::Null) => {}
            Some(rule) => trigger.add(rule)?,
        }
        if trigger.algorithm.is_empty() {
            return Err(
                "nothing proves who sends it: its trigger-rule has no payload-hmac-sha1, -sha256 or -sha512, and no \
                        X-Gitlab-Token"
                    .to_string(),
            );
        }
        Ok(trigger)
    }

    /// Asks `rule` too.
    fn add(&mut self, rule: &Value) -> Result<(), String> {
        let rule = rule.as_object().ok_or("its trigger-rule is no object")?;
        // Of several it takes one, and one of nothing is never true.
        if rule.len() != 1 {
            return Err("its trigger-rule has a part that is not one rule".to_string());
        }
        for (kind, inner) in rule {
            match kind.as_str() {
                "and" => {
                    let rules = inner.as_array().ok_or("an and of its trigger-rule is no list")?;
                    rules.iter().try_for_each(|rule| self.add(rule))?;
                }
                "or" => self.add_alternatives(inner.as_array().ok_or("an or of its trigger-rule is no list")?)?,
                "match" => self.add_match(inner)?,
                "not" => {
                    return Err(
                        "its trigger-rule has a not, and a filter says only what an event has to be".to_string()
                    );
                }
                _ => return Err("its trigger-rule has a part that is unknown here".to_string()),
            }
        }
        Ok(())
    }

    /// An `or` can be asked where it lists values of one place.
    fn add_alternatives(&mut self, rules: &[Value]) -> Result<(), String> {
        let mut either = Trigger::default();
        for rule in rules {
            let mut one = Trigger::default();
            let only = rule.as_object().filter(|rule| rule.len() == 1).and_then(|rule| rule.get("match"));
            one.add_match(only.unwrap_or(&Value::Null))?;
            either.json.extend(one.json);
            either.types.extend(one.types);
            either.allow_from.extend(one.allow_from);
            either.algorithm = if one.algorithm.is_empty() { either.algorithm } else { one.algorithm };
        }
        let places: Vec<&String> = either.json.iter().map(|(place, _)| place).collect();
        let is_one_place = places.windows(2).all(|two| matches!(two, [one, other] if one == other));
        let has_others = !either.algorithm.is_empty() || !either.allow_from.is_empty();
        if has_others || !is_one_place || (either.types.is_empty() == either.json.is_empty()) {
            return Err(
                "its trigger-rule has an or of more than the values of one place, which no filter says".to_string()
            );
        }
        if let Some((place, _)) = either.json.first().cloned() {
            let values = either.json.into_iter().flat_map(|(_, values)| values).collect();
            self.add_values(place, values)?;
        }
        self.add_types(either.types)
    }

    fn add_values(&mut self, place: String, values: Vec<String>) -> Result<(), String> {
        if self.json.iter().any(|(known, _)| *known == place) {
            return Err("its trigger-rule asks two things of one place in the payload".to_string());
        }
        self.json.push((place, values));
        Ok(())
    }

    fn add_types(&mut self, types: Vec<String>) -> Result<(), String> {
        if !types.is_empty() && !self.types.is_empty() {
            return Err("its trigger-rule asks two things of the event's type".to_string());
        }
        self.types.extend(types);
        Ok(())
    }

    fn add_match(&mut self, rule: &Value) -> Result<(), String> {
        let text = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
        let of = rule.get("parameter");
        let parameter = |key: &str| of.and_then(|of| of.get(key)).and_then(Value::as_str).unwrap_or_default();
        let (source, name) = (parameter("source"), parameter("name"));
        let algorithm = match text("type") {
            "payload-hmac-sha1" | "payload-hash-sha1" => "hmac-sha1",
            "payload-hmac-sha256" | "payload-hash-sha256" => "hmac-sha256",
            "payload-hmac-sha512" | "payload-hash-sha512" => "hmac-sha512",
            "value" => return self.add_value(source, name, text("value")),
            "ip-whitelist" => return self.add_network(text("ip-range")),
            "regex" => return Err("its trigger-rule has a regex, and a filter knows none".to_string()),
            "scalr-signature" => {
                return Err("its trigger-rule is of Scalr, which signs the Date: no scheme here does".to_string());
            }
            _ => return Err("its trigger-rule has a match that is unknown here".to_string()),
        };
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if source != "header" || name.is_empty() || !name.bytes().all(is_token) {
            return Err("its signature is not in a header".to_string());
        }
        self.add_signature(name, algorithm, text("secret"))
    }

    fn add_signature(&mut self, header: &str, algorithm: &'static str, secret: &str) -> Result<(), String> {
        if !self.algorithm.is_empty() {
            return Err("its trigger-rule asks for two signatures".to_string());
        }
        (self.header, self.algorithm, self.secret) = (header.to_string(), algorithm, secret.to_string());
        Ok(())
    }

    /// Whether what is sent says who sends it, and nothing signs the body.
    pub(super) fn is_token(&self) -> bool {
        self.algorithm == TOKEN
    }

    fn add_value(&mut self, source: &str, name: &str, value: &str) -> Result<(), String> {
        match source {
            "header" if TYPES.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
                if value.contains('*') || value.is_empty() {
                    return Err("its trigger-rule has a type that is a pattern here".to_string());
                }
                self.add_types(vec![value.to_string()])
            }
            "header" if name.eq_ignore_ascii_case(GITLAB_TOKEN) => self.add_signature(name, TOKEN, value),
            "header" => {
                Err("its trigger-rule looks at a header, and a filter looks at the source, the type and the payload"
                    .to_string())
            }
            "payload" if is_secret(name) => Err(format!(
                "its trigger-rule compares {} of the payload, which looks like a secret: none stands in a configuration",
                quoted(name)
            )),
            "payload" => {
                let steps = name.split('.').map(|step| step.replace('~', "~0").replace('/', "~1"));
                let place: String = steps.map(|step| format!("/{step}")).collect();
                // It compares what a value is printed as: a number and a text can look the same.
                let mut values = vec![quoted(value)];
                let is_number = value.parse::<i64>().is_ok_and(|number| number.to_string() == value);
                if value == "true" || value == "false" || is_number {
                    values.push(value.to_string());
                }
                self.add_values(place, values)
            }
            _ => Err(
                "its trigger-rule looks at the query or the request, which no signature covers and no filter looks at"
                    .to_string(),
            ),
        }
    }

    fn add_network(&mut self, range: &str) -> Result<(), String> {
        let network = |range: &str| match range.parse::<Network>() {
            // It takes any address of the network for the network.
            Ok(network) | Err(InvalidNetwork::HostBits(network)) => Some(network.to_string()),
            Err(InvalidNetwork::Malformed) => None,
        };
        // Several stand beside each other, and any of them may match.
        let networks: Option<Vec<String>> = range.split_whitespace().map(network).collect();
        let Some(networks) = networks.filter(|networks| !networks.is_empty()) else {
            return Err("its trigger-rule has an ip-range that is none".to_string());
        };
        if !self.allow_from.is_empty() {
            return Err("its trigger-rule asks for two ip-ranges at once".to_string());
        }
        self.allow_from = networks;
        Ok(())
    }

    fn preset(&self) -> Option<&'static str> {
        let is_this = |(header, algorithm): (&str, &str)| {
            header.eq_ignore_ascii_case(&self.header) && algorithm == self.algorithm
        };
        PRESETS.iter().find(|(header, algorithm, _)| is_this((header, algorithm))).map(|(.., preset)| *preset)
    }

    /// The scheme of its source: last in its table, since it may be a table of its own.
    pub(super) fn scheme(&self) -> String {
        let asked = if self.types.is_empty() { &[] } else { TYPES };
        let types: Vec<String> = asked.iter().map(ToString::to_string).collect();
        match self.preset() {
            Some(preset) => format!("scheme = {}\n", quoted(preset)),
            None => format!(
                "[source.scheme]\nsignature_headers = {}\nalgorithm = {}\nencoding = \"hex\"\ntemplate = \"{{body}}\"\n\
                 event_type = {}\nreplay_key = \"mac\"\n",
                list(std::slice::from_ref(&self.header)),
                quoted(self.algorithm),
                list(&types),
            ),
        }
    }

    /// What is to be known of a scheme that is no preset, or signs nothing.
    pub(super) fn scheme_note(&self) -> Option<String> {
        if self.is_token() {
            return Some(
                "its token says who sends, and nothing signs the body: so it says accept_uncovered_body".to_string(),
            );
        }
        let prefix = self.algorithm.strip_prefix("hmac-")?;
        self.preset().is_none().then(|| {
            format!(
                "its signature is taken as bare hex; where the sender writes {prefix}= before it, add to its scheme: \
                 grammar = {{ prefix = \"{prefix}=\" }}"
            )
        })
    }
}
