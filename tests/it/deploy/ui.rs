//! The form in the portal, by the 17 rules of Microsoft's template test kit, which the Marketplace
//! runs. Their names are in the comments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::templates::{json, template, text, texts};

struct Form {
    definition: Value,
    parameters: Value,
}

/// A control: the step it is in (`basics` first), and itself.
type Control<'a> = (&'a str, &'a Value);

impl Form {
    fn read() -> Self {
        Self {
            definition: json("infra/arm/createUiDefinition.json"),
            parameters: template()["parameters"].take(),
        }
    }

    fn controls(&self) -> Vec<Control<'_>> {
        let basics = &self.definition["parameters"]["basics"];
        let mut all: Vec<Control> = basics
            .as_array()
            .unwrap()
            .iter()
            .map(|control| ("basics", control))
            .collect();
        for step in self.definition["parameters"]["steps"].as_array().unwrap() {
            let elements = step["elements"].as_array().unwrap();
            all.extend(
                elements
                    .iter()
                    .map(|control| (step["name"].as_str().unwrap(), control)),
            );
        }
        assert!(all.len() > 10);
        all
    }

    fn outputs(&self) -> BTreeMap<&str, &str> {
        let outputs = self.definition["parameters"]["outputs"]
            .as_object()
            .unwrap();
        outputs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect()
    }

    fn of_type(&self, kind: &str) -> Vec<&Value> {
        self.controls()
            .into_iter()
            .map(|(_, control)| control)
            .filter(|control| control["type"] == kind)
            .collect()
    }

    /// The parameter whose output takes this control.
    fn parameter_of(&self, (step, control): Control) -> Option<&Value> {
        let name = control["name"].as_str().unwrap();
        let taken = if step == "basics" {
            format!("basics('{name}')")
        } else {
            format!("steps('{step}').{name}")
        };
        // A control that others only depend on has an output of its own, which is nothing but it.
        let outputs = self.outputs();
        let own = outputs
            .iter()
            .find(|(_, value)| **value == format!("[{taken}]"));
        let used = own.or_else(|| outputs.iter().find(|(_, value)| value.contains(&taken)));
        used.map(|(output, _)| &self.parameters[*output])
    }
}

/// Should-Have-Schema, Handler-Must-Be-Correct, Must-Not-Have-Blanks.
#[test]
fn it_is_a_form() {
    let form = Form::read();
    let schema = form.definition["$schema"].as_str().unwrap();
    assert!(
        schema.starts_with("https://schema.management.azure.com/schemas/")
            && schema.contains("CreateUIDefinition")
    );
    assert_eq!(form.definition["handler"], "Microsoft.Azure.CreateUIDef");
    assert_eq!(form.definition["version"], "0.1.2-preview");
    assert!(schema.contains("0.1.2-preview"));
    for (path, text) in texts(&form.definition) {
        assert!(!text.trim().is_empty(), "{path} is blank");
    }
    let source = text("infra/arm/createUiDefinition.json");
    assert!(
        !source.contains("{}") || source.contains("parse('{}')"),
        "an empty object"
    );
    assert!(!source.contains(": null") && !source.contains("[]"));
}

/// Outputs-Must-Be-Present-In-Template-Parameters, Parameters-Without-Default-Must-Exist-In-CreateUIDefinition,
/// Location-Should-Be-In-Outputs.
#[test]
fn what_it_gives_is_what_the_template_takes() {
    let form = Form::read();
    let outputs = form.outputs();
    assert_eq!(outputs["location"], "[location()]");
    for name in outputs.keys() {
        assert!(form.parameters.get(name).is_some(), "no parameter {name}");
    }
    for (name, parameter) in form.parameters.as_object().unwrap() {
        assert!(
            parameter.get("defaultValue").is_some() || outputs.contains_key(name.as_str()),
            "nothing gives {name}"
        );
    }
}

/// Controls-In-Outputs-Must-Exist, and each control is of use.
#[test]
fn what_it_asks_is_given() {
    let form = Form::read();
    let controls = form.controls();
    let mut asked = BTreeSet::new();
    for (step, control) in &controls {
        assert!(
            asked.insert((*step, control["name"].as_str().unwrap())),
            "two controls of one name"
        );
        if control["type"] != "Microsoft.Common.TextBlock" {
            assert!(
                form.parameter_of((step, control)).is_some(),
                "{step} {} goes nowhere",
                control["name"]
            );
        }
    }
    for (_, value) in texts(&form.definition) {
        for part in value.split("basics('").skip(1) {
            let name = part.split('\'').next().unwrap();
            assert!(asked.contains(&("basics", name)), "{value}");
        }
        for part in value.split("steps('").skip(1) {
            let (step, rest) = part.split_once("').").unwrap();
            let name = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            assert!(asked.contains(&(step, name)), "{value}");
        }
    }
}

/// Allowed-Values-Should-Actually-Be-Allowed, VMSizes-Must-Match-Template.
#[test]
fn what_can_be_chosen_is_allowed() {
    let form = Form::read();
    let mut compared = 0;
    for (step, control) in form.controls() {
        let Some(choices) = control["constraints"]["allowedValues"].as_array() else {
            continue;
        };
        let parameter = form.parameter_of((step, control)).unwrap();
        let offered: BTreeSet<&str> = choices
            .iter()
            .map(|choice| choice["value"].as_str().unwrap())
            .collect();
        let allowed: BTreeSet<&str> = parameter["allowedValues"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap())
            .collect();
        assert_eq!(offered, allowed, "{}", control["name"]);
        assert!(
            choices
                .iter()
                .any(|choice| choice["label"] == control["defaultValue"]),
            "{}",
            control["name"]
        );
        compared += 1;
    }
    assert_eq!(compared, 3);
    for slider in form.of_type("Microsoft.Common.Slider") {
        let parameter = &form.parameters[slider["name"].as_str().unwrap()];
        assert_eq!(slider["min"], parameter["minValue"]);
        assert!(slider["max"].as_i64() <= parameter["maxValue"].as_i64());
        assert_eq!(slider["defaultValue"], parameter["defaultValue"]);
    }
    let sizes = form.of_type("Microsoft.Compute.SizeSelector");
    let recommended = sizes[0]["recommendedSizes"].as_array().unwrap();
    assert_eq!(recommended[0], form.parameters["vmSize"]["defaultValue"]);
    assert!(
        form.outputs()["vmSize"]
            .contains(form.parameters["vmSize"]["defaultValue"].as_str().unwrap())
    );
}

/// Textboxes-Are-Well-Formed, Validations-Must-Have-Message.
#[test]
fn what_is_typed_is_checked_and_the_message_says_how() {
    let form = Form::read();
    let boxes = form.of_type("Microsoft.Common.TextBox");
    assert!(boxes.len() >= 8);
    for control in boxes {
        let name = &control["name"];
        let constraints = &control["constraints"];
        let regex = constraints["regex"].as_str().unwrap();
        assert!(
            regex.starts_with('^') && regex.ends_with('$'),
            "{name}: {regex}"
        );
        let bounded = regex
            .split('{')
            .skip(1)
            .any(|part| part.split('}').next().unwrap().contains(','));
        assert!(bounded, "{name}: {regex} has no bound {{min,max}}");
        assert!(
            !regex.contains('*') && !regex.replace("[A-Za-z0-9+/=]", "").contains('+'),
            "{name}: {regex} has no end"
        );
        assert!(
            !constraints["validationMessage"]
                .as_str()
                .unwrap()
                .is_empty(),
            "{name}"
        );
        for validation in constraints["validations"].as_array().into_iter().flatten() {
            assert!(
                !validation["message"].as_str().unwrap().is_empty(),
                "{name}"
            );
        }
    }
}

/// Tooltips-Should-Be-Present.
#[test]
fn every_control_explains_itself() {
    let without = [
        "InfoBox",
        "Section",
        "TextBlock",
        "ArmApiControl",
        "GraphApiControl",
        "EditableGrid",
    ];
    for (_, control) in Form::read().controls() {
        let kind = control["type"]
            .as_str()
            .unwrap()
            .rsplit('.')
            .next()
            .unwrap();
        assert!(
            without.contains(&kind)
                || control["toolTip"]
                    .as_str()
                    .is_some_and(|tip| tip.ends_with('.')),
            "{}",
            control["name"]
        );
    }
}

/// Usernames-Should-Not-Have-A-Default, Password-Textboxes-Must-Be-Used-For-Password-Parameters,
/// PasswordBoxes-Must-Have-Min-Length, Credential-Confirmation-Should-Not-Be-Hidden,
/// HideExisting-Must-Be-Correctly-Handled: there is no password, and nothing that exists is chosen.
#[test]
fn it_asks_for_no_password() {
    let form = Form::read();
    for user in form.of_type("Microsoft.Compute.UserNameTextBox") {
        assert!(user.get("defaultValue").is_none());
        assert_eq!(user["osPlatform"], "Linux");
    }
    for (_, control) in form.controls() {
        let kind = control["type"].as_str().unwrap();
        assert!(
            ![
                "PasswordBox",
                "CredentialsCombo",
                "ServicePrincipalSelector"
            ]
            .iter()
            .any(|word| kind.ends_with(word))
        );
        let options = &control["options"];
        assert!(options.get("hideConfirmation").is_none() && options.get("hideExisting").is_none());
    }
    for (name, parameter) in form.parameters.as_object().unwrap() {
        assert!(!name.to_lowercase().contains("password"));
        assert!(parameter["type"] != "securestring" && parameter["type"] != "secureObject");
    }
}

/// What is needed for one profile is asked for it only, and then it is required.
#[test]
fn a_profile_asks_for_what_it_needs() {
    let form = Form::read();
    for (name, profile) in [
        ("adminUserName", "single"),
        ("sshPublicKey", "single"),
        ("packageSha256", "single"),
        ("clusterAdminGroupId", "aks"),
    ] {
        let (_, control) = form
            .controls()
            .into_iter()
            .find(|(_, control)| control["name"] == name)
            .unwrap();
        let condition = format!("[equals(basics('profile'), '{profile}')]");
        assert_eq!(control["visible"], condition.as_str(), "{name}");
        assert_eq!(
            control["constraints"]["required"],
            condition.as_str(),
            "{name}"
        );
        assert!(
            form.outputs()[name]
                .starts_with(&format!("[if(equals(basics('profile'), '{profile}'), ")),
            "{name}"
        );
    }
}
