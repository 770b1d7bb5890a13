//! What cannot be in a family, whoever says it.

use std::collections::BTreeSet;

use eid_model::{Date, PartialDate, Sex};

/// One relation.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) person: Person,
    pub(super) relative: Person,
    /// What the relative is to the person.
    pub(super) line: Line,
    /// By birth; otherwise by adoption.
    pub(super) by_birth: bool,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

#[derive(Clone)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) birth: Option<PartialDate>,
    pub(super) sex: Option<Sex>,
}

/// Relations that the rules speak of. Step-parents are none: somebody may be a step-parent of their own step-parent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Parent,
    Child,
    Grandparent,
    Grandchild,
    Spouse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Oneself,
    Cycle,
    YoungerParent,
    SecondSpouse,
    SecondParent,
}

impl Edge {
    /// The older and the younger one.
    fn descent(&self) -> Option<(&Person, &Person)> {
        match self.line {
            Line::Parent | Line::Grandparent => Some((&self.relative, &self.person)),
            Line::Child | Line::Grandchild => Some((&self.person, &self.relative)),
            Line::Spouse => None,
        }
    }

    fn parent_and_child(&self) -> Option<(&Person, &Person)> {
        self.descent().filter(|_| matches!(self.line, Line::Parent | Line::Child))
    }

    fn couple(&self) -> Option<BTreeSet<&str>> {
        (self.line == Line::Spouse).then(|| BTreeSet::from([self.person.id.as_str(), &self.relative.id]))
    }

    pub(super) fn sex_of(&self, id: &str) -> Option<Sex> {
        [&self.person, &self.relative].into_iter().find(|person| person.id == id)?.sex
    }
}

/// The first thing that is wrong about an edge beside the others, which are taken as they are.
pub(super) fn fault(edge: &Edge, others: &[Edge]) -> Option<Fault> {
    if edge.person.id == edge.relative.id {
        return Some(Fault::Oneself);
    }
    if edge.descent().is_some_and(|(elder, younger)| is_surely_not_older(elder, younger)) {
        return Some(Fault::YoungerParent);
    }
    if edge.descent().is_some_and(|(elder, younger)| descends(&elder.id, &younger.id, others)) {
        return Some(Fault::Cycle);
    }
    if others.iter().any(|other| is_second_spouse(edge, other)) {
        return Some(Fault::SecondSpouse);
    }
    others.iter().any(|other| is_second_parent(edge, other)).then_some(Fault::SecondParent)
}

/// A birth parent who was surely not fourteen when the child was born.
pub(super) fn is_parent_oddly_young(edge: &Edge) -> bool {
    const YOUNGEST: u16 = 14;
    let births = edge.parent_and_child().filter(|_| edge.by_birth).map(|(parent, child)| (parent.birth, child.birth));
    let Some((Some(parent), Some(child))) = births else { return false };
    parent.is_surely_under(YOUNGEST, child.latest())
}

fn is_surely_not_older(elder: &Person, younger: &Person) -> bool {
    elder.birth.zip(younger.birth).is_some_and(|(elder, younger)| elder.earliest() >= younger.latest())
}

/// True if `person` is said to descend from `from`.
fn descends(person: &str, from: &str, edges: &[Edge]) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(elder) = open.pop() {
        for (parent, child) in edges.iter().filter_map(Edge::descent) {
            if parent.id == elder && seen.insert(&child.id) {
                open.push(&child.id);
            }
        }
    }
    seen.contains(person)
}

/// Two marriages of one person, with different people, at one time.
fn is_second_spouse(edge: &Edge, other: &Edge) -> bool {
    let (Some(one), Some(two)) = (edge.couple(), other.couple()) else { return false };
    let overlap = match (edge.from, other.from) {
        (Some(from), Some(since)) => edge.to.is_none_or(|to| since < to) && other.to.is_none_or(|to| from < to),
        // Without its first day, only that a marriage still holds is known.
        _ => edge.to.is_none() && other.to.is_none(),
    };
    one != two && !one.is_disjoint(&two) && overlap
}

/// Two birth parents of one sex, who are not the same person.
fn is_second_parent(edge: &Edge, other: &Edge) -> bool {
    let (Some((parent, child)), Some((present, same))) = (edge.parent_and_child(), other.parent_and_child()) else {
        return false;
    };
    let by_birth = edge.by_birth && other.by_birth;
    by_birth && child.id == same.id && parent.id != present.id && parent.sex.is_some() && parent.sex == present.sex
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(id: usize, birth: Option<&str>) -> Person {
        Person { id: id.to_string(), birth: birth.map(|text| PartialDate::parse(text).unwrap()), sex: None }
    }

    fn edge(line: Line, person: Person, relative: Person) -> Edge {
        Edge { person, relative, line, by_birth: true, from: None, to: None }
    }

    /// Everybody but the first has a parent who came before them.
    fn tree(parents: &[usize]) -> Vec<Edge> {
        let edges = parents.iter().enumerate().map(|(at, parent)| (at + 1, parent % (at + 1)));
        edges
            .map(|(child, parent)| {
                let (child, parent) = (person(child, None), person(parent, None));
                if child.id.len() % 2 == 0 { edge(Line::Parent, child, parent) } else { edge(Line::Child, parent, child) }
            })
            .collect()
    }

    proptest! {
        #[test]
        fn tree_has_no_fault_whichever_edge_comes_last(parents in proptest::collection::vec(0_usize..1_000, 1..40), last in 0_usize..1_000) {
            let mut edges = tree(&parents);
            let last = edges.swap_remove(last % parents.len());
            prop_assert_eq!(fault(&last, &edges), None);
        }

        #[test]
        fn elder_made_child_of_a_descendant_is_a_cycle(parents in proptest::collection::vec(0_usize..1_000, 2..40), who in 0_usize..1_000) {
            let edges = tree(&parents);
            // Up to the first ancestor, so that there is always a way down again.
            let low = who % parents.len() + 1;
            let back = edge(Line::Parent, person(0, None), person(low, None));
            prop_assert_eq!(fault(&back, &edges), Some(Fault::Cycle));
            let skipping = edge(Line::Grandchild, person(low, None), person(0, None));
            prop_assert_eq!(fault(&skipping, &edges), Some(Fault::Cycle));
        }

        #[test]
        fn one_of_two_births_in_the_wrong_order_is_told(elder in 1900_u16..2020, younger in 1900_u16..2020) {
            let parent = person(1, Some(&format!("{elder}-06-15")));
            let child = person(2, Some(&younger.to_string()));
            let told = fault(&edge(Line::Parent, child, parent), &[]) == Some(Fault::YoungerParent);
            // In the same year the child may have come later in it.
            prop_assert_eq!(told, elder > younger);
        }

        #[test]
        fn marriages_overlap_both_ways_round(days in proptest::array::uniform4(1_u8..28)) {
            let day = |day: u8| Some(Date::new(2020, 1, day).unwrap());
            let marriage = |other: usize, from: u8, to: u8| Edge {
                from: day(from.min(to)),
                to: day(from.max(to)),
                ..edge(Line::Spouse, person(0, None), person(other, None))
            };
            let (one, two) = (marriage(1, days[0], days[1]), marriage(2, days[2], days[3]));
            prop_assert_eq!(is_second_spouse(&one, &two), is_second_spouse(&two, &one));
            prop_assert!(!is_second_spouse(&one, &marriage(1, days[2], days[3])), "the same two people");
        }
    }
}
