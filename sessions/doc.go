// Package sessions is the curriculum: what there is to learn, how far a learner is, and what proves it.
//
// The catalogue (catalogue.yaml) lists 3 phases, 12 weeks and all 57 sessions. A session with content is
// one folder, week01/1.4-data-validation, with a session.md: YAML front matter between two lines of ---,
// then the prose. The front matter is strict, unknown keys are errors with their line; [Session] is its
// reference. In the prose a line "## Exercise: What a bad row costs" opens a screen of the step exercise; each of
// the five steps has at least one. Between {{ and }} stand figures from the learner's own run:
// evidence.CRITERION.observed, loads.LAB.rejected, results.LAB.value; ask.ID shows a prediction's
// question and, once it was answered, the guess beside the result. A starter folder holds what the learner begins with, a solution
// folder what the author ended with.
//
// Progress is a pure fold over the journal, an append-only file of events. The latest evidence of a criterion
// counts: a check that fails after it had passed takes the tick back, and the date of the last
// proof stays beside it, since a table that is not there any more proves nothing today. What a learner ticks
// without a check is self-reported, is shown as such, and never makes a session done.
//
// Two things the plan leaves open are decided here. Its mini-projects of week 2 and of weeks 7 and 8 have no
// number and no minutes: they are 2.6 and 7.6, of 120 minutes, as long as the other long mini-projects. Weeks
// 7 and 8 share the sessions 7.1 to 7.6: the first three, 330 minutes, are week 7, the others, 330 minutes as well, week 8.
package sessions
